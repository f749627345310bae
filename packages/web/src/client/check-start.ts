/** Starts an app's worker to see what keeps it from running a model. It loads no model. */

import { VlmError } from "../protocol/errors.ts";
import { isStartProblem } from "../serving/is-start-problem.ts";
import { toWorkerCreator } from "../serving/worker-creator.ts";
import { WorkerHandle } from "../serving/worker-handle.ts";
import type { WorkerSource } from "../api/worker-source.ts";
import type { StartProblem } from "../protocol/start-problem.ts";

/** One thing that is wrong with how an app is built or served. */
export interface SupportProblem {
  /** The same that the load would fail with, or fall back for. */
  readonly reason: StartProblem;
  /** What is wrong and what to do. */
  readonly message: string;
  /** Whether the kit cannot run because of it. With others it runs, but on another device or on one thread. */
  readonly isFatal: boolean;
}

export interface StartReport {
  readonly problems: readonly SupportProblem[];
  readonly hasThreads: boolean;
}

/** @throws {VlmError} `worker-crashed` where nobody knows why it does not start; what the app's function throws */
export async function checkStart(worker: WorkerSource): Promise<StartReport> {
  const handle = new WorkerHandle({
    createWorker: toWorkerCreator(worker),
    onMessage: () => undefined,
    onDeath: () => undefined,
  });
  try {
    await handle.connect();
    const { problems: reasons, isIsolated } = await handle.checkSetup();
    const { startFailed } = await import("../diagnosis/sentences.ts");
    const problems = reasons.map((problem) => {
      const { message } = startFailed("script", { problem });
      return { reason: problem, message, isFatal: problem === "wasm-blocked" };
    });
    return { problems, hasThreads: isIsolated && !reasons.includes("trusted-types") };
  } catch (error) {
    if (!VlmError.is(error) || !isStartProblem(error)) throw error;
    const { message, details } = error;
    return { problems: [{ reason: details.reason, message, isFatal: true }], hasThreads: false };
  } finally {
    handle.end(new DOMException("The worker was started for a check only.", "InvalidStateError"));
  }
}
