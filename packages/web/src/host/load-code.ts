/** Code that a worker loads when it needs it: chunks of the app's build, and an engine's files. */

import { VlmError } from "../protocol/errors.ts";
import { shownAddress } from "../schema/local-address.ts";
import { workerScriptUrl } from "../shared/worker-script.ts";

/** @throws {VlmError} `download-failed` for whatever `load` throws */
export async function loadCode<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new VlmError(
      "download-failed",
      "A script of the kit, or a file of the engine's, could not be loaded. Check the connection and that all of the app's build is served, then try again.",
      { url: shownAddress(workerScriptUrl()), reason: "network" },
      { cause },
    );
  }
}
