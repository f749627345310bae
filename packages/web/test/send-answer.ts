/** Puts an answer on the wire, in chunks, and ends it as it says. */

import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./byte-range.ts";

const CHUNK_BYTES = 2 ** 16;

/** How many chunks a throttled answer sends in a second. */
const SLOW_CHUNKS_PER_SECOND = 20;

/** Sends what the answer holds; `onSent` hears of every chunk that the network took. */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  onSent: (bytes: number) => void,
  bytesPerSecond?: number,
): Promise<void> {
  const { body, ending = "end" } = answer;
  if (ending === "silence" || response.destroyed) return;
  response.writeHead(answer.status, answer.headers);
  if (response.req.method !== "HEAD") {
    // Without this, a body that is cut before its first byte would have no headers either.
    response.flushHeaders();
    const chunkBytes =
      bytesPerSecond === undefined
        ? CHUNK_BYTES
        : Math.max(1, Math.floor(bytesPerSecond / SLOW_CHUNKS_PER_SECOND));
    const closed = new Promise<false>((resolve) => {
      response.once("close", () => {
        resolve(false);
      });
    });
    for (let at = 0; at < body.length; at += chunkBytes) {
      if (bytesPerSecond !== undefined && at > 0) await wait((1000 * chunkBytes) / bytesPerSecond);
      const chunk = body.subarray(at, at + chunkBytes);
      if (!(await Promise.race([closed, write(response, chunk)]))) return;
      onSent(chunk.length);
    }
  }
  if (ending === "end") response.end();
  if (ending === "cut") response.destroy();
}

/** Waits without keeping the process alive: a test may end in the middle of a slow answer. */
export async function wait(ms: number): Promise<void> {
  await sleep(ms, undefined, { ref: false });
}

function write(response: ServerResponse, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    response.write(chunk, (error) => {
      resolve(!error);
    });
  });
}
