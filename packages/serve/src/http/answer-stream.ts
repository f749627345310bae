/** Streams an answer as server-sent events, in the form of OpenAI's API. */

import type { GenerateEvent } from "@fastvlm-kit/web";
import { toApiError } from "../openai/api-error.ts";
import { toLastChunk, toTextChunk, toUsageChunk, type AnswerHead } from "../openai/completion.ts";

export interface AnswerStreamOptions {
  readonly head: AnswerHead;
  readonly includeUsage: boolean;
  /** Called once, when the stream has ended in any way. */
  readonly onEnd: () => void;
}

/**
 * Waits for the first text, so that a call which fails before it has a status of its own, and returns the stream.
 *
 * @throws what the call throws before its first text
 */
export async function openAnswerStream(
  events: AsyncGenerator<GenerateEvent, void, undefined>,
  { head, includeUsage, onEnd }: AnswerStreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  const iterator = chunksOf(events, head, includeUsage);
  let next: Promise<IteratorResult<string>> | undefined = Promise.resolve(await iterator.next());
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const taken = next ?? iterator.next();
      next = undefined;
      try {
        const one = await taken;
        if (one.done !== true) {
          controller.enqueue(encoder.encode(one.value));
          return;
        }
      } catch (error) {
        // The status was sent. Clients of OpenAI's API look for this.
        controller.enqueue(encoder.encode(toEvent(toApiError(error).body)));
      }
      controller.close();
      onEnd();
    },
    async cancel() {
      // The client has gone, which ends the call too.
      onEnd();
      await iterator.return(undefined);
    },
  });
}

async function* chunksOf(
  events: AsyncGenerator<GenerateEvent, void, undefined>,
  head: AnswerHead,
  includeUsage: boolean,
): AsyncGenerator<string, void, undefined> {
  let isFirst = true;
  for await (const event of events) {
    if (event.type === "text-delta") {
      yield toEvent(toTextChunk(head, event.text, isFirst));
      isFirst = false;
    }
    if (event.type !== "done") continue;
    if (isFirst) yield toEvent(toTextChunk(head, "", true));
    yield toEvent(toLastChunk(head, event.result));
    if (includeUsage) yield toEvent(toUsageChunk(head, event.result));
    yield "data: [DONE]\n\n";
  }
}

function toEvent(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
