/** The body of `POST /v1/chat/completions`, as far as this server reads it. Fields that it does not know are left alone. */

import * as v from "valibot";
import { invalidRequest } from "./api-error.ts";

const textPart = v.object({ type: v.literal("text"), text: v.string() });

const imagePart = v.object({
  type: v.literal("image_url"),
  image_url: v.object({
    url: v.string(),
    detail: v.optional(v.picklist(["auto", "low", "high"])),
  }),
});

const part = v.variant("type", [textPart, imagePart]);

const textContent = v.union([v.string(), v.array(textPart)]);

const message = v.variant("role", [
  v.object({ role: v.picklist(["system", "developer"]), content: textContent }),
  v.object({ role: v.literal("user"), content: v.union([v.string(), v.array(part)]) }),
  v.object({ role: v.literal("assistant"), content: textContent }),
]);

const responseFormat = v.variant("type", [
  v.object({ type: v.literal("text") }),
  v.object({
    type: v.literal("json_schema"),
    json_schema: v.object({ schema: v.record(v.string(), v.unknown()) }),
  }),
]);

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** A field that has only one value which this server can give. */
const only = <const Value extends number | boolean>(value: Value) => v.nullish(v.literal(value));

const chatRequest = v.object({
  model: v.optional(v.string()),
  messages: v.pipe(v.array(message), v.minLength(1)),
  max_tokens: v.nullish(count),
  max_completion_tokens: v.nullish(count),
  temperature: v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(2))),
  top_p: v.nullish(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))),
  seed: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))),
  stop: v.nullish(v.union([v.string(), v.pipe(v.array(v.string()), v.maxLength(4))])),
  stream: v.nullish(v.boolean()),
  stream_options: v.nullish(v.object({ include_usage: v.optional(v.boolean()) })),
  response_format: v.nullish(responseFormat),
  n: only(1),
  logprobs: only(false),
  presence_penalty: only(0),
  frequency_penalty: only(0),
  tools: v.nullish(v.pipe(v.array(v.unknown()), v.maxLength(0))),
});

export type ChatRequest = v.InferOutput<typeof chatRequest>;
export type ChatMessage = ChatRequest["messages"][number];
export type ImagePart = v.InferOutput<typeof imagePart>;

/** @throws {ApiError} 400 that names the first field which is wrong */
export function readChatRequest(body: unknown): ChatRequest {
  const result = v.safeParse(chatRequest, body);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? "body";
  const shown = SINGLE_VALUED.has(path) ? `This server takes no other ${path}. ` : "";
  throw invalidRequest(`${shown}${path}: ${issue.message}.`, path);
}

const SINGLE_VALUED = new Set(["n", "logprobs", "presence_penalty", "frequency_penalty", "tools"]);
