/** What only the worker knows of how an app is served, before anything is loaded. */

import { mayCompileWasm } from "../shared/may-compile.ts";
import { toTrustedScriptUrl } from "../shared/trusted-script-url.ts";
import type { SetupReport } from "../wire/worker-api.ts";

/** `startWorker` does nothing in a worker of this name, which is that of onnxruntime's threads. */
const IDLE_NAME = "em-pthread";

export function checkSetup(): SetupReport {
  const problems: SetupReport["problems"][number][] = [];
  if (!mayCompileWasm()) problems.push("wasm-blocked");
  const isIsolated = self.crossOriginIsolated;
  if (isIsolated && !mayStartThreads()) problems.push("trusted-types");
  return { problems, isIsolated };
}

/** Browsers throw where a page demands Trusted Types, and the kit's policy is not among those that it lists. */
function mayStartThreads(): boolean {
  try {
    const address = toTrustedScriptUrl(self.location.href);
    new Worker(address, { type: "module", name: IDLE_NAME }).terminate();
    return true;
  } catch {
    return false;
  }
}
