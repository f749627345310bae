/**
 * Waits for a decoder no longer than allowed. Chromium and Firefox decode on threads of their own, which nothing in a page can
 * stop: not even ending the worker. So the wait ends, and the next image is decoded beside the decoder that nobody waits for.
 * WebKit decodes on the worker's own thread, where no timer runs meanwhile. There a late image is refused when it comes, and
 * the page ends a worker that is stuck (`serving/decode-watch.ts`).
 */

import { slowToDecode } from "../image/image-errors.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import type { ImageLimits } from "../image/limits.ts";

/** With more decoders than this that nobody waits for, the next image waits, so that their memory stays bounded. */
const MAX_ABANDONED = 2;

export interface DecodeDeadline {
  /**
   * Returns what `decode` returns.
   *
   * @param drop gets the image of a decoder that nobody waits for any more
   * @throws {VlmError} `image-too-large` after `maxDecodeMs`
   * @throws the signal's reason as soon as it aborts
   */
  run<T>(
    decode: () => Promise<T>,
    drop: (late: T) => void,
    limits: Pick<ImageLimits, "maxDecodeMs">,
    signal: AbortSignal,
  ): Promise<T>;
}

export function createDecodeDeadline(): DecodeDeadline {
  const abandoned = new Set<Promise<void>>();

  const abandon = <T>(decoding: Promise<T>, drop: (late: T) => void): void => {
    const end = decoding.then(drop, () => undefined).finally(() => abandoned.delete(end));
    abandoned.add(end);
  };

  return {
    async run(decode, drop, { maxDecodeMs }, signal) {
      while (abandoned.size >= MAX_ABANDONED) await untilAborted(Promise.race(abandoned), signal);
      signal.throwIfAborted();
      const deadline = new AbortController();
      const end = (): void => {
        deadline.abort(signal.aborted ? signal.reason : slowToDecode(maxDecodeMs));
      };
      signal.addEventListener("abort", end, { once: true });
      const timer = Number.isFinite(maxDecodeMs) ? setTimeout(end, maxDecodeMs) : undefined;
      const endAt = performance.now() + maxDecodeMs;
      const decoding = decode();
      try {
        const image = await untilAborted(decoding, deadline.signal);
        if (performance.now() <= endAt) return image;
        drop(image);
        throw slowToDecode(maxDecodeMs);
      } catch (error) {
        if (deadline.signal.aborted) abandon(decoding, drop);
        throw error;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
      }
    },
  };
}
