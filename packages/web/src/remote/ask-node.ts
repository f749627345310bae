/** Asks one node once: sends the call, streams the text, and returns the result. */

import { createConfidenceMeter } from "../generation/confidence.ts";
import { VlmError } from "../protocol/errors.ts";
import type { RanOn } from "../protocol/remote.ts";
import type { FinishReason, ImageInfo, VlmResult } from "../protocol/result.ts";
import type { ChatAnswer } from "../schema/chat-answer.ts";
import type { GenerateCall } from "../wire/worker-api.ts";
import { createAnswerText, polish } from "./answer-text.ts";
import type { CallClock } from "./call-clock.ts";
import { requestChat, type ChatRequest } from "./chat-request.ts";
import { addLogprobs } from "./confidence.ts";
import { hasForm } from "./has-form.ts";
import { nodeFailed } from "./node-failed.ts";

export interface Asking {
  readonly request: ChatRequest;
  readonly call: GenerateCall;
  readonly images: readonly ImageInfo[];
  readonly model: string;
  readonly ranOn: RanOn;
  readonly clock: CallClock;
  /** Gets text as it comes. */
  readonly onText: (text: string) => void;
}

/**
 * @throws {VlmError} `node-failed`; its `hasText` says whether `onText` was called before
 * @throws the signal's reason when it aborts
 */
export async function askNode(asking: Asking): Promise<VlmResult> {
  const shown = { hasText: false };
  const onText = (text: string): void => {
    if (text === "") return;
    shown.hasText = true;
    asking.onText(text);
  };
  try {
    return await readResult({ ...asking, onText });
  } catch (error) {
    if (!shown.hasText || !VlmError.is(error, "node-failed")) throw error;
    const { node, reason, status } = error.details;
    const facts = { hasText: true, cause: error.cause };
    throw nodeFailed(node, reason, { ...facts, ...(status !== undefined && { status }) });
  }
}

/** A token has rarely more than a word. A server that sends more than this sends no answer to this call. */
const MOST_CHARACTERS_OF_TOKEN = 100;

async function readResult({ request, call, clock, onText, ...asking }: Asking): Promise<VlmResult> {
  const { maxNewTokens, format } = call.generation;
  const maxLength = MOST_CHARACTERS_OF_TOKEN * maxNewTokens;
  const meter = createConfidenceMeter();
  const text = createAnswerText(call.generation);
  let finish: string | undefined;
  let usage: ChatAnswer["usage"];
  let weighed = 0;
  let length = 0;
  clock.noteSent();
  for await (const piece of requestChat(request)) {
    usage = piece.usage ?? usage;
    const choice = piece.choices.find(({ index }) => (index ?? 0) === 0);
    if (!choice) continue;
    finish = choice.finish_reason ?? finish;
    weighed += addLogprobs(meter, choice.logprobs?.content);
    const fresh = choice.delta?.content ?? choice.message?.content ?? "";
    length += fresh.length;
    if (length > maxLength) throw nodeFailed(request.node, "too-large");
    if (fresh !== "") clock.noteText();
    const ready = text.push(fresh);
    onText(ready.text);
    if (ready.hasEnded) break;
  }
  onText(text.flush());
  const finishReason = text.finishReason ?? toFinishReason(request.node, finish);
  if (format && finishReason === "stop" && !hasForm(text.text, format)) {
    throw nodeFailed(request.node, "format");
  }
  return {
    text: polish(text.text, finishReason, call),
    finishReason,
    ...toFacts(asking, clock, usage, weighed),
    ...(weighed > 0 && { confidence: meter.read() }),
  };
}

/** @param weighed the tokens whose probabilities came */
function toFacts(
  { model, images, ranOn }: Pick<Asking, "model" | "images" | "ranOn">,
  clock: CallClock,
  usage: ChatAnswer["usage"],
  weighed: number,
): Omit<VlmResult, "text" | "finishReason" | "confidence"> {
  const timings = clock.read();
  const output = toCount(usage?.completion_tokens) ?? weighed;
  const isMeasured = output > 1 && timings.decodeMs > 0;
  return {
    model: { id: model, revision: "remote", variant: "remote" },
    device: "remote",
    ranOn,
    cached: false,
    timings,
    tokens: {
      image: 0,
      prompt: toCount(usage?.prompt_tokens) ?? 0,
      reused: toCount(usage?.prompt_tokens_details?.cached_tokens) ?? 0,
      output,
    },
    images,
    tokensPerSecond: isMeasured ? (1000 * (output - 1)) / timings.decodeMs : 0,
  };
}

/** A stranger's number of tokens; undefined if it is none. */
function toCount(value: number | null | undefined): number | undefined {
  return Number.isSafeInteger(value) && value! >= 0 ? value! : undefined;
}

/** Servers have words of their own for an answer that they ended because of its content, or gave up. */
function toFinishReason(node: string, finish: string | undefined): FinishReason {
  if (finish === "stop" || finish === "length") return finish;
  throw nodeFailed(node, finish === undefined ? "cut-short" : "server-error", {
    advice: "The server ended the answer itself; its log says more.",
  });
}
