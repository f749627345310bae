/** Finds out what keeps onnxruntime from starting, from what was seen of its files and its threads. */

import type { StartPhase, VlmError } from "../../protocol/errors.ts";
import { workerScriptUrl } from "../../shared/worker-script.ts";
import type { SeenWasm } from "./wasm-watch.ts";

/** A thread whose script did not load, or threw. */
export interface FailedThread {
  readonly address: string;
  /** What the browser said; it says nothing of a script that did not load. */
  readonly message: string;
}

export interface FailedStart {
  readonly phase: StartPhase;
  readonly cause: unknown;
  readonly thread?: FailedThread | undefined;
  readonly wasm?: SeenWasm | undefined;
  /** The directives of the Content-Security-Policy that were violated. */
  readonly directives?: readonly string[];
}

/** What Chromium, Firefox and Safari say of an answer that broke off, in ORT's words around it. */
const BROKE_OFF = /network ?error|failed to fetch|error in input stream|load failed/i;

/** What browsers say where a policy forbids WebAssembly. */
const FORBIDDEN = /content.security.policy|unsafe-eval/i;

/** @returns undefined where nothing explains it */
export async function whyNotStarted(
  failed: FailedStart,
): Promise<VlmError<"start-failed"> | undefined> {
  try {
    return await find(failed);
  } catch {
    return undefined; // The code that says it could not be loaded either.
  }
}

async function find(failed: FailedStart): Promise<VlmError<"start-failed"> | undefined> {
  const { phase, cause, thread, wasm, directives = [] } = failed;
  if (phase === "threads" || phase === "script") {
    const { explainStart } = await import("../../diagnosis/explain-start.ts");
    const message = thread?.message ?? (cause instanceof Error ? cause.message : String(cause));
    // Safari does not say which script it could not import, so that all of the worker's are asked for.
    const address = phase === "script" ? workerScriptUrl() : thread?.address;
    return await explainStart(phase, { address, message, directives });
  }
  // Where this can be known before, as in Chromium and Firefox, nothing was downloaded for it.
  const isForbidden =
    FORBIDDEN.test(String(cause)) || directives.some((one) => one.startsWith("script-src"));
  if (!wasm && !isForbidden) return undefined;
  const { startFailed } = await import("../../diagnosis/sentences.ts");
  if (isForbidden) return startFailed("wasm", { problem: "wasm-blocked" });
  if (!wasm) return undefined;
  const { url, status, isPage = false } = wasm;
  if (status === undefined || BROKE_OFF.test(String(cause))) {
    return startFailed("wasm", { problem: "wasm-unreachable", url });
  }
  if (status >= 400) return startFailed("wasm", { problem: "wasm-missing", url, status });
  return isPage ? startFailed("wasm", { problem: "wasm-is-page", url }) : undefined;
}
