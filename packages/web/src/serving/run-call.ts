/** Runs one call from the page: with its deadline, its abort signal, and one repeat if the GPU was lost. */

import { VlmError } from "../protocol/errors.ts";
import type { GenerateEvent, VlmResult } from "../protocol/result.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import type { CallStage, GenerateCall } from "../wire/worker-api.ts";
import type { LoadedWorker, Supervisor } from "./supervisor.ts";

export interface RunOptions {
  readonly call: GenerateCall;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** How much of `timeoutMs` was used to get the images. The wait in the queue does not count. */
  readonly waitedMs: number;
  /** Receives every event but `done`. */
  readonly onEvent: (event: GenerateEvent) => void;
}

/**
 * After a timeout or an abort, a worker normally stops at the next token. A worker that has not stopped after this time
 * is stuck in one operation and is replaced.
 */
const UNRESPONSIVE_AFTER_MS = 60_000;

/** @param noteLoaded gets what the call runs on, before it runs */
export async function runCall(
  supervisor: Pick<Supervisor, "ready" | "replace">,
  options: RunOptions,
  noteLoaded: (loaded: LoadedWorker) => void = () => undefined,
): Promise<VlmResult> {
  const ready = async (): Promise<LoadedWorker> => {
    options.signal?.throwIfAborted();
    const loaded = await untilAborted(supervisor.ready(), options.signal);
    noteLoaded(loaded);
    return loaded;
  };
  const shown = { hasText: false };
  const onEvent = (event: GenerateEvent): void => {
    shown.hasText ||= event.type === "text-delta";
    options.onEvent(event);
  };
  try {
    return await runOnce(supervisor, await ready(), { ...options, onEvent });
  } catch (error) {
    // Text that the app has received cannot be taken back, so a call is repeated only before its first text.
    if (!VlmError.is(error, "device-lost") || shown.hasText) throw error;
    return runOnce(supervisor, await ready(), { ...options, onEvent });
  }
}

async function runOnce(
  supervisor: Pick<Supervisor, "replace">,
  loaded: LoadedWorker,
  options: RunOptions,
): Promise<VlmResult> {
  const result = await runIn(supervisor, loaded, options);
  return loaded.fallback ? { ...result, fallback: loaded.fallback } : result;
}

function runIn(
  supervisor: Pick<Supervisor, "replace">,
  { handle }: LoadedWorker,
  options: RunOptions,
): Promise<VlmResult> {
  const { call, signal, timeoutMs, waitedMs, onEvent } = options;
  return new Promise<VlmResult>((resolve, reject) => {
    let stage: CallStage = "queue";
    let deadline: ReturnType<typeof setTimeout> | undefined;
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    let isGivenUp = false;

    const giveUp = (error: unknown): void => {
      if (isGivenUp) return;
      isGivenUp = true;
      handle.cancel(call.id);
      // A call in the queue waits for others. Only a running call can be stuck.
      if (stage !== "queue") {
        watchdog = setTimeout(() => {
          supervisor.replace(handle, unresponsive());
        }, UNRESPONSIVE_AFTER_MS);
      }
      reject(error);
    };
    const onAbort = (): void => {
      giveUp(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });

    handle
      .generate(call, (message) => {
        if (isGivenUp) return;
        if (message.type === "started") {
          stage = "image";
          deadline = setTimeout(() => {
            giveUp(timedOut(timeoutMs, stage));
          }, timeoutMs - waitedMs);
        } else if (message.type === "stage") {
          stage = message.stage;
        } else if (message.type !== "done" && message.type !== "failed") {
          onEvent(message);
        }
      })
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(deadline);
        clearTimeout(watchdog);
        signal?.removeEventListener("abort", onAbort);
      });
    if (signal?.aborted) onAbort();
  });
}

function timedOut(timeoutMs: number, stage: CallStage): VlmError<"timeout"> {
  return new VlmError(
    "timeout",
    `The call took longer than ${String(timeoutMs)} ms and was stopped in its ${stage} stage. Raise \`timeoutMs\`, ` +
      "or lower `maxNewTokens`.",
    { timeoutMs, stage },
  );
}

function unresponsive(): VlmError<"worker-crashed"> {
  return new VlmError(
    "worker-crashed",
    "The worker no longer answered and was replaced. Repeat the call; a fresh worker will take it.",
    { phase: "generate" },
  );
}
