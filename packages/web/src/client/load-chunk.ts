/** Loads a part of the kit that only some pages need. */

import { VlmError } from "../protocol/errors.ts";
import { START_LIMITS_MS } from "../serving/start-watch.ts";

/**
 * @param load imports the chunk
 * @throws {VlmError} `start-failed` in phase `script` if it does not arrive, or not in time
 */
export async function loadChunk<T>(load: () => Promise<T>): Promise<T> {
  const { script } = START_LIMITS_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(chunkFailed(`did not arrive within ${String(script / 1000)} s`, "timeout"));
    }, script);
  });
  try {
    return await Promise.race([load(), late]);
  } catch (cause) {
    if (VlmError.is(cause)) throw cause;
    throw chunkFailed("could not be loaded", "error", cause);
  } finally {
    clearTimeout(timer);
  }
}

function chunkFailed(
  what: string,
  reason: "timeout" | "error",
  cause?: unknown,
): VlmError<"start-failed"> {
  return new VlmError(
    "start-failed",
    `A script of the kit ${what}. Check the connection and that all of the app's build is served, then try again.`,
    { phase: "script", reason },
    { cause },
  );
}
