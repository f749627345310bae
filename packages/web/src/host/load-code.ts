/** Code that a worker loads when it needs it: chunks of the app's build, and an engine's files. */

import { VlmError } from "../protocol/errors.ts";
import { shownAddress } from "../schema/local-address.ts";
import { watchViolations } from "../shared/policy-violations.ts";
import { workerScriptUrl } from "../shared/worker-script.ts";

/** @throws {VlmError} `start-failed` where the server is to blame; else `download-failed` for whatever `load` throws */
export async function loadCode<T>(load: () => Promise<T>): Promise<T> {
  const violations = watchViolations();
  try {
    return await load();
  } catch (cause) {
    const { message } = cause instanceof Error ? cause : new Error(String(cause));
    const { directives } = violations;
    const explained = await import("../diagnosis/explain-start.ts")
      .then(({ explainStart }) =>
        explainStart("script", { address: workerScriptUrl(), message, directives }),
      )
      .catch(() => undefined);
    // Without a network nothing is wrong with the server: what has arrived stays, and a retry goes on.
    const { reason } = explained?.details ?? {};
    const isGone = reason === "script-unreachable" || reason === "worker-other-origin";
    if (explained && !isGone) throw explained;
    throw new VlmError(
      "download-failed",
      "A script of the kit, or a file of the engine's, could not be loaded. Check the connection and that all of the app's build is served, then try again.",
      { url: shownAddress(workerScriptUrl()), reason: "network" },
      { cause },
    );
  } finally {
    violations.end();
  }
}
