/** Makes a chat request a question to the kit. */

import type { AnswerFormat, ChatTurn, GenerateRequest } from "@fastvlm-kit/web";
import { invalidRequest } from "./api-error.ts";
import type { ChatMessage, ChatRequest, ImagePart } from "./chat-request.ts";

/** The limits of one request. */
export interface RequestLimits {
  /** Images in one request. */
  readonly maxImages: number;
  /** Tokens of an answer. */
  readonly maxTokens: number;
  /** Characters of all messages together. What the model's context takes is checked by the kit. */
  readonly maxPromptCharacters: number;
}

/** A question whose images are addresses still. */
export interface Question extends Omit<GenerateRequest, "image" | "signal"> {
  readonly imageUrls: readonly string[];
}

/** An answer's length where the request names none. */
const DEFAULT_TOKENS = 256;

/** @throws {ApiError} 400 for what the model cannot be asked, or what is over a limit */
export function toQuestion(request: ChatRequest, limits: RequestLimits): Question {
  const { messages, temperature, top_p, seed, stop, response_format } = request;
  const images = imagesOf(messages);
  assertWithin(request, images.length, limits);
  const turns = toTurns(messages);
  const last = turns.pop();
  if (last?.role !== "user") {
    throw invalidRequest("The last message has to be the user's.", "messages");
  }
  const system = messages.filter(isSystem).map(textOf).join("\n");
  const format = toFormat(response_format);
  return {
    prompt: last.content,
    history: turns,
    imageUrls: images.map(({ image_url }) => image_url.url),
    maxNewTokens: tokensOf(request) ?? Math.min(DEFAULT_TOKENS, limits.maxTokens),
    ...(images[0]?.image_url.detail === "low" && { detail: "low" as const }),
    ...(system !== "" && { system }),
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof top_p === "number" && { topP: top_p }),
    ...(typeof seed === "number" && { seed }),
    ...(stop != null && { stop: typeof stop === "string" ? [stop] : stop }),
    ...(format && { format }),
  };
}

function isSystem({ role }: ChatMessage): boolean {
  return role === "system" || role === "developer";
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  return content.flatMap((part) => (part.type === "text" ? part.text : [])).join("\n");
}

/** The kit shows images at the beginning of the conversation, as the models were trained. */
function imagesOf(messages: readonly ChatMessage[]): ImagePart[] {
  const users = messages.filter(({ role }) => role === "user");
  return users.flatMap(({ content }, turn) => {
    const parts: readonly { readonly type: string }[] = typeof content === "string" ? [] : content;
    const images = parts.filter((part): part is ImagePart => part.type === "image_url");
    if (images.length > 0 && turn > 0) {
      throw invalidRequest(
        "Images have to be in the first message of the user; the model sees them before the conversation.",
        "messages",
      );
    }
    return images;
  });
}

/** Messages of one role that follow each other are one turn. */
function toTurns(messages: readonly ChatMessage[]): ChatTurn[] {
  const turns: ChatTurn[] = [];
  for (const message of messages) {
    if (isSystem(message)) continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const before = turns.at(-1);
    if (before?.role !== role) turns.push({ role, content: textOf(message) });
    else {
      turns[turns.length - 1] = { role, content: `${before.content}\n${textOf(message)}` };
    }
  }
  return turns;
}

function tokensOf({ max_completion_tokens, max_tokens }: ChatRequest): number | undefined {
  return max_completion_tokens ?? max_tokens ?? undefined;
}

function assertWithin(request: ChatRequest, images: number, limits: RequestLimits): void {
  if (images > limits.maxImages) {
    const limit = String(limits.maxImages);
    throw invalidRequest(
      `The request has ${String(images)} images; ${limit} are allowed.`,
      "messages",
    );
  }
  const tokens = tokensOf(request);
  if (tokens !== undefined && tokens > limits.maxTokens) {
    const most = String(limits.maxTokens);
    throw invalidRequest(`Answers of this server have at most ${most} tokens.`, "max_tokens");
  }
  const characters = request.messages.reduce((sum, one) => sum + textOf(one).length, 0);
  if (characters > limits.maxPromptCharacters) {
    throw invalidRequest(
      `The messages have ${String(characters)} characters; ${String(limits.maxPromptCharacters)} are allowed.`,
      "messages",
      "context_length_exceeded",
    );
  }
}

function toFormat(format: ChatRequest["response_format"]): AnswerFormat | undefined {
  return format?.type === "json_schema" ? { schema: format.json_schema.schema } : undefined;
}
