/** Runs one call from the page: with its deadline, its abort signal, and one repeat if the GPU was lost. */

import { VlmError } from "../protocol/errors.ts";
import type { GenerateEvent, ImageInfo, VlmResult } from "../protocol/result.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import type { CallMessage, CallStage, OpenCall } from "../wire/worker-api.ts";
import { DecodeWatch } from "./decode-watch.ts";
import type { CallLimits, OpenOptions, RunOptions } from "./node.ts";
import type { LoadedWorker, Supervisor } from "./supervisor.ts";

/**
 * After a timeout or an abort, a worker normally stops at the next token. A worker that has not stopped after this time
 * is stuck in one operation and is replaced.
 */
const UNRESPONSIVE_AFTER_MS = 60_000;

/** What a call needs of a supervisor. */
type CallSupervisor = Pick<Supervisor, "ready" | "replace" | "noteAnswer" | "noteFailure">;

/** Gets what a call runs on, before it runs. */
type NoteLoaded = (loaded: LoadedWorker) => void;

/** Asks the model. */
export async function runCall(
  supervisor: CallSupervisor,
  { call, ...limits }: RunOptions,
  noteLoaded?: NoteLoaded,
): Promise<VlmResult> {
  const sending = {
    ...limits,
    id: call.id,
    encodes: call.images.length > 0 && { detail: call.detail },
    send: async ({ handle, fallback }: LoadedWorker, onMessage: OnMessage): Promise<VlmResult> => {
      const result = await handle.generate(call, limits.queuedMs, onMessage);
      return fallback ? { ...result, fallback } : result;
    },
  };
  return runWithRepeat(supervisor, sending, noteLoaded);
}

/** Makes an image ready for questions. */
export function openImage(
  supervisor: CallSupervisor,
  { call, ...limits }: OpenOptions,
  noteLoaded?: NoteLoaded,
): Promise<ImageInfo> {
  const sending = {
    ...limits,
    id: call.id,
    encodes: { detail: call.detail },
    send: ({ handle }: LoadedWorker, onMessage: OnMessage) =>
      handle.open(call, limits.queuedMs, onMessage),
    onEvent: () => undefined,
  };
  return runWithRepeat(supervisor, sending, noteLoaded);
}

type OnMessage = (message: CallMessage) => void;

/** A call of either kind. */
interface Sending<T> extends CallLimits {
  readonly id: number;
  /** Whether the call encodes images, and how. */
  readonly encodes: false | Pick<OpenCall, "detail">;
  readonly send: (loaded: LoadedWorker, onMessage: OnMessage) => Promise<T>;
  readonly onEvent: (event: GenerateEvent) => void;
}

async function runWithRepeat<T>(
  supervisor: CallSupervisor,
  options: Sending<T>,
  noteLoaded: NoteLoaded = () => undefined,
): Promise<T> {
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
  const attempt = async (): Promise<T> => {
    const loaded = await ready();
    try {
      const outcome = await runIn(supervisor, loaded, { ...options, onEvent });
      supervisor.noteAnswer(loaded);
      return outcome;
    } catch (error) {
      supervisor.noteFailure(loaded, error);
      throw error;
    }
  };
  try {
    return await attempt();
  } catch (error) {
    // Text that the app has received cannot be taken back, so a call is repeated only before its first text.
    if (!VlmError.is(error, "device-lost") || shown.hasText) throw error;
    return attempt();
  }
}

function runIn<T>(
  supervisor: Pick<Supervisor, "replace">,
  loaded: LoadedWorker,
  options: Sending<T>,
): Promise<T> {
  const { id, encodes, send, signal, timeoutMs, waitedMs, onSent, onEvent } = options;
  const encoding = encodes ? loaded.markEncoding(encodes.detail) : undefined;
  return new Promise<T>((resolve, reject) => {
    let stage: CallStage = "queue";
    let deadline: ReturnType<typeof setTimeout> | undefined;
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    let isGivenUp = false;
    const decodeWatch = new DecodeWatch((error) => {
      reject(error);
      supervisor.replace(loaded.handle, unresponsive());
    });

    const giveUp = (error: unknown): void => {
      if (isGivenUp) return;
      isGivenUp = true;
      loaded.handle.cancel(id);
      // A call in the queue waits for others. Only a running call can be stuck.
      if (stage !== "queue") {
        watchdog = setTimeout(() => {
          supervisor.replace(loaded.handle, unresponsive());
        }, UNRESPONSIVE_AFTER_MS);
      }
      reject(error);
    };
    const onAbort = (): void => {
      giveUp(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });

    const sent = send(loaded, (message) => {
      // An abandoned call may still be stuck in its decoder.
      if (message.type === "decoding") decodeWatch.begin(message.limitMs);
      if (message.type === "decoded") decodeWatch.end();
      if (isGivenUp) return;
      if (message.type === "started") {
        stage = "image";
        deadline = setTimeout(() => {
          giveUp(timedOut(timeoutMs, stage));
        }, timeoutMs - waitedMs);
      } else if (message.type === "stage") {
        if (message.stage === "vision") encoding?.begin();
        else if (stage === "vision") encoding?.end(true);
        stage = message.stage;
      } else if (isEvent(message)) {
        onEvent(message);
      }
    });
    onSent(sent);
    sent
      .then((outcome) => {
        if (stage === "vision") encoding?.end(true);
        resolve(outcome);
      }, reject)
      .finally(() => {
        clearTimeout(deadline);
        clearTimeout(watchdog);
        decodeWatch.end();
        encoding?.end(false);
        signal?.removeEventListener("abort", onAbort);
      });
    if (signal?.aborted) onAbort();
  });
}

/** The messages of a call that are for the app. */
type CallEvent = Exclude<Extract<CallMessage, GenerateEvent>, { type: "done" }>;

const EVENTS: Readonly<Record<CallEvent["type"], true>> = {
  "image-ready": true,
  "tile-encoded": true,
  "text-delta": true,
};

function isEvent(message: CallMessage): message is CallEvent {
  return message.type in EVENTS;
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
