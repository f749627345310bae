/**
 * Waits for a decoder no longer than allowed. A browser decodes on threads of its own, which nothing in a page can stop: not
 * even ending the worker. So the wait ends, and the next image is decoded beside the decoder that nobody waits for.
 */

import { VlmError } from "../protocol/errors.ts";
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
        deadline.abort(signal.aborted ? signal.reason : tooSlow(maxDecodeMs));
      };
      signal.addEventListener("abort", end, { once: true });
      const timer = Number.isFinite(maxDecodeMs) ? setTimeout(end, maxDecodeMs) : undefined;
      const decoding = decode();
      try {
        return await untilAborted(decoding, deadline.signal);
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

function tooSlow(limit: number): VlmError<"image-too-large"> {
  return new VlmError(
    "image-too-large",
    `The image was not decoded within the limit of ${String(limit / 1000)} s. Save it again as a plain PNG or JPEG, or raise \`imageLimits.maxDecodeMs\`.`,
    { what: "time", actual: limit, limit },
  );
}
