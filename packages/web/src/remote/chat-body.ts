/** Writes the body of a request to the chat API, or says why this node cannot be asked. */

import { cleanUserText } from "../generation/clean-user-text.ts";
import type { ResolvedFormat, ResolvedGenerationOptions } from "../protocol/options.ts";
import type { GenerateCall } from "../wire/worker-api.ts";
import type { BodyFields, Dialect } from "./dialects.ts";
import { nodeFailed } from "./node-failed.ts";

/** The part of a node that decides how it is asked. */
export interface AskedNode {
  readonly name: string;
  readonly model: string;
  readonly dialect: Dialect;
  readonly logprobs: boolean;
}

/** How many likely tokens are asked for beside each one, for the entropy of the first. */
const TOP_LOGPROBS = 5;

/**
 * @param images as `data:` addresses: a server that fetched addresses could be made to fetch others
 * @throws {VlmError} `node-failed`, reason `unsupported`
 */
export function toChatBody(
  node: AskedNode,
  call: Omit<GenerateCall, "images">,
  images: readonly string[],
): BodyFields {
  assertCanAsk(node, call);
  const { maxNewTokens, temperature, topP, seed, stop } = call.generation;
  return {
    model: node.model,
    messages: toMessages(call, images),
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: maxNewTokens,
    temperature,
    ...(topP < 1 && { top_p: topP }),
    ...(seed !== undefined && { seed }),
    ...(stop.length > 0 && { stop }),
    ...(node.logprobs && { logprobs: true, top_logprobs: TOP_LOGPROBS }),
    ...toExtras(node.dialect, call.generation),
  };
}

/**
 * @throws {VlmError} `node-failed`, reason `unsupported`, when the node cannot do what a call asks for
 */
export function assertCanAsk(
  node: AskedNode,
  call: Pick<GenerateCall, "choices" | "generation">,
): void {
  const missing = whyNotAsk(node.dialect, call);
  if (missing === undefined) return;
  const advice = `Its server cannot be asked for ${missing}. Leave it out, set the node's \`server\`, or allow the device to answer.`;
  throw nodeFailed(node.name, "unsupported", { advice });
}

/** What a server of this dialect cannot be asked for, in words. */
function whyNotAsk(
  dialect: Dialect,
  { choices, generation }: Pick<GenerateCall, "choices" | "generation">,
): string | undefined {
  const { topK, repetitionPenalty, format } = generation;
  if (choices) return "the probabilities of options (`choose`, `check`, `score`)";
  if (topK > 0 && !dialect.topK) return "`topK`";
  if (repetitionPenalty !== 1 && !dialect.repetitionPenalty) return "`repetitionPenalty`";
  return format && whyNotForm(dialect, format);
}

function whyNotForm(dialect: Dialect, format: ResolvedFormat): string | undefined {
  if ("schema" in format) return dialect.schema ? undefined : "a JSON schema";
  if ("options" in format) return dialect.options ? undefined : "one of several texts (`format`)";
  if (!dialect.regex) return "a regular expression";
  return format.ignoreCase ? "a regular expression that ignores case" : undefined;
}

function toExtras(
  dialect: Dialect,
  { topK, repetitionPenalty, format }: ResolvedGenerationOptions,
): BodyFields {
  return {
    ...(topK > 0 && dialect.topK?.(topK)),
    ...(repetitionPenalty !== 1 && dialect.repetitionPenalty?.(repetitionPenalty)),
    ...(format && toForm(dialect, format)),
  };
}

function toForm(dialect: Dialect, format: ResolvedFormat): BodyFields | undefined {
  if ("schema" in format) return dialect.schema?.(format.schema);
  if ("options" in format) return dialect.options?.(format.options);
  return dialect.regex?.(format.regex);
}

interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string | readonly BodyFields[];
}

/** The images belong to the first turn of the user, as they do on the device. */
function toMessages(
  { system, history, prompt }: Omit<GenerateCall, "images">,
  images: readonly string[],
): readonly Message[] {
  const turns = [...history, { role: "user" as const, content: prompt }];
  return [
    ...(system === undefined ? [] : [{ role: "system" as const, content: cleanUserText(system) }]),
    ...turns.map(({ role, content }, index): Message => {
      const text = cleanUserText(content);
      if (index > 0 || images.length === 0) return { role, content: text };
      const parts = images.map((url) => ({ type: "image_url", image_url: { url } }));
      return { role, content: [...parts, { type: "text", text }] };
    }),
  ];
}
