/** Starts onnxruntime-web before a model is loaded, and reports its progress. */

import { VlmError, type StartPhase } from "../../protocol/errors.ts";
import type { StartOptions } from "../engine.ts";
import { loadOrt, requireBuild, type OrtOptions } from "./load-ort.ts";
import type { OrtModule } from "./ort-source.ts";
import { isOutOfMemory } from "./session.ts";
import { startFailed } from "./start-failed.ts";
import { watchThreads } from "./thread-watch.ts";
import { watchViolations } from "../../shared/policy-violations.ts";
import { watchWasm } from "./wasm-watch.ts";
import { whyNotStarted, type FailedThread } from "./why-not-started.ts";

/**
 * Starts the runtime with its scripts, its WebAssembly and its threads. Sessions need nothing more.
 *
 * @throws {VlmError} `start-failed`, `out-of-memory`, `no-device`
 */
export async function startOrt(options: StartOptions & OrtOptions): Promise<OrtModule> {
  let phase: StartPhase = "script";
  let hasArrived = false;
  const enter = (next: StartPhase, url?: string): void => {
    phase = next;
    options.onPhase?.(next, url);
  };
  let thread: FailedThread | undefined;
  let fail: (error: Error) => void;
  const failure = new Promise<never>((_, reject) => (fail = reject));
  failure.catch(() => undefined); // It may reject before anything waits for it.
  const unwatch = watchThreads(requireBuild(options.source, options.device), {
    onCreate: () => {
      enter("threads");
    },
    // Threads come first, and wait for what is still to be loaded.
    onCreated: () => {
      enter(hasArrived ? "compile" : "wasm", wasm.seen?.url);
    },
    onHandOver: () => {
      enter("threads");
    },
    onReady: (missing) => {
      enter(missing > 0 ? "threads" : "first-run");
    },
    onError: (message, address) => {
      phase = "threads";
      thread = { address, message };
      fail(new Error(`A thread of onnxruntime failed: ${message || NOT_LOADED}`));
    },
  });
  const wasm = watchWasm({
    onProgress: (url) => {
      if (phase === "wasm") enter("wasm", url);
    },
    onArrived: () => {
      hasArrived = true;
      if (phase === "wasm") enter("compile");
    },
  });
  const violations = watchViolations();
  try {
    enter("script");
    const ort = await loadOrt(options);
    enter("wasm");
    await Promise.race([runOnce(ort), failure]);
    enter("model");
    return ort;
  } catch (cause) {
    if (VlmError.is(cause)) throw cause;
    if (isOutOfMemory(cause)) {
      const { device } = options;
      const message = "Memory ran out while onnxruntime started. Close other tabs and try again.";
      throw new VlmError("out-of-memory", message, { device }, { cause });
    }
    const { directives } = violations;
    const known = await whyNotStarted({ phase, cause, thread, wasm: wasm.seen, directives });
    throw known ?? startFailed(phase, cause);
  } finally {
    unwatch();
    wasm.end();
    violations.end();
  }
}

/** Runs a model of one node, because the backend starts with the first session, on any device. */
async function runOnce(ort: OrtModule): Promise<void> {
  const session = await ort.InferenceSession.create(IDENTITY_MODEL, {
    executionProviders: ["wasm"],
  });
  await session.release();
}

const NOT_LOADED = "its script could not be loaded";

/** The smallest model: `y = Identity(x)`, float32 [1], opset 13. */
const IDENTITY_MODEL = new Uint8Array([
  8, 8, 58, 55, 10, 16, 10, 1, 120, 18, 1, 121, 34, 8, 73, 100, 101, 110, 116, 105, 116, 121, 18, 1,
  103, 90, 15, 10, 1, 120, 18, 10, 10, 8, 8, 1, 18, 4, 10, 2, 8, 1, 98, 15, 10, 1, 121, 18, 10, 10,
  8, 8, 1, 18, 4, 10, 2, 8, 1, 66, 4, 10, 0, 16, 13,
]);
