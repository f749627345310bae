/** A server that answers calls: with retries, a circuit breaker, and what is known of its health and speed. */

import { BrokenCircuitError, DelegateBackoff, handleWhen, retry } from "cockatiel";
import { VlmError } from "../protocol/errors.ts";
import type { NodeFailure, NodeReport } from "../protocol/remote.ts";
import type { VlmResult } from "../protocol/result.ts";
import { Circuit } from "../serving/circuit.ts";
import type { RunOptions } from "../serving/node.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import { askNode } from "./ask-node.ts";
import { createCallClock, type CallClock } from "./call-clock.ts";
import { assertCanAsk, toChatBody } from "./chat-body.ts";
import { whyUnhealthy } from "./check-health.ts";
import { createLatency } from "./latency.ts";
import { isNodeFault, mayPass, nodeFailed } from "./node-failed.ts";
import type { NodeSettings } from "./node-settings.ts";
import { readKey } from "./read-key.ts";
import type { SentImages } from "./sent-images.ts";

/** How many calls in a row have to fail before a node is left alone. */
const FAULTS_UNTIL_OPEN = 3;

/** How long a node is left alone, the first time and after each trial that failed, in milliseconds. */
const OPEN_MS: readonly number[] = [30_000, 60_000, 120_000, 300_000];

/** The pause before a request is repeated: doubled each time, and up to twice as long by chance. */
const FIRST_PAUSE_MS = 250;

/** Nobody waits longer than this for a server that asks to be left alone; another node, or the device, may answer sooner. */
const LONGEST_PAUSE_MS = 5_000;

/** A failure counts as an answer that took at least this long, so that a node which fails at once does not look fast. */
const FAILURE_MS = 5_000;

/** An answer has about this many bytes for a token, with the probabilities of likely tokens, and some beside. */
const BYTES_OF_TOKEN = 4_096;
const BYTES_BESIDE = 262_144;

/** What one client's calls bring with them, beside the call. */
export interface NodeUse {
  readonly images: SentImages;
  /** A request is repeated, because of this. */
  readonly onRetried: (reason: NodeFailure) => void;
  /** A request leaves the device, with images of so many bytes. */
  readonly onSent: (imageBytes: number) => void;
}

export class RemoteNode {
  readonly settings: NodeSettings;
  /** When it was last heard of, or asked for its health, by `performance.now()`. */
  contactedAt = -Infinity;
  readonly #onChanged: () => void;
  readonly #latency = createLatency();
  readonly #circuit: Circuit;
  #outstanding = 0;
  #health: "unknown" | "healthy" | "unhealthy" = "unknown";
  #reason: NodeFailure | undefined;

  /** @param onChanged is told when what {@link report} says of its state may have changed */
  constructor(settings: NodeSettings, onChanged: (node: RemoteNode) => void) {
    this.settings = settings;
    this.#onChanged = () => {
      onChanged(this);
    };
    this.#circuit = new Circuit({
      isFault: isNodeFault,
      faultsUntilOpen: FAULTS_UNTIL_OPEN,
      // One good answer forgives the faults before it: a network may be bad for a moment.
      successesUntilForgotten: 1,
      openMs: OPEN_MS,
      onChange: this.#onChanged,
    });
  }

  get name(): string {
    return this.settings.name;
  }

  /** Calls that run there now, or have taken a place. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get hasRoom(): boolean {
    return this.#outstanding < this.settings.maxConcurrent;
  }

  /** Takes a place for a call. Returns a function that gives it back. */
  claim(): () => void {
    this.#outstanding += 1;
    return () => {
      this.#outstanding -= 1;
    };
  }

  get weight(): number {
    return this.settings.weight;
  }

  get latencyMs(): number | undefined {
    return this.#latency.read();
  }

  /** Whether calls are kept from it, because too many have failed. */
  get isOpen(): boolean {
    const { state, retryAt } = this.#circuit;
    return state === "half-open" || (retryAt !== undefined && retryAt > Date.now());
  }

  get isUnhealthy(): boolean {
    return this.#health === "unhealthy";
  }

  /** What answers of this model are remembered under: another model, or another size of images, has other answers. */
  get variant(): string {
    const { chatUrl, model, maxSide } = this.settings;
    return JSON.stringify([chatUrl, model, maxSide]);
  }

  /** @throws {VlmError} `node-failed`, reason `unsupported`, if the node cannot do what the call asks for */
  assertCan(call: Parameters<typeof assertCanAsk>[1]): void {
    assertCanAsk(this.settings, call);
  }

  /**
   * Answers a call, within `timeoutMs` less `waitedMs`.
   *
   * @throws {VlmError} `node-failed`, `timeout`, what is wrong with an image; the signal's reason when it aborts
   */
  async run(options: RunOptions, use: NodeUse): Promise<VlmResult> {
    const { call, signal, timeoutMs, waitedMs } = options;
    this.assertCan(call);
    if (this.isOpen) throw nodeFailed(this.name, "circuit-open");
    const ending = new AbortController();
    const timer = setTimeout(() => {
      ending.abort(timedOut(timeoutMs));
    }, timeoutMs - waitedMs);
    const ends = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
    try {
      ends.throwIfAborted();
      return await this.#answer({ ...options, signal: ends }, use);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks the server how it is. What it says decides whether others are asked first, and never whether calls are kept from it. */
  async check(): Promise<void> {
    this.contactedAt = performance.now();
    const wrong = await whyUnhealthy(this.settings).catch((error: unknown) => {
      if (VlmError.is(error, "node-failed")) return error;
      throw error;
    });
    this.#noteHealth(wrong?.details.reason);
  }

  report(): NodeReport {
    const { name, origin, model, purpose, weight } = this.settings;
    const { latencyMs, outstanding } = this;
    const facts = { name, origin, model, purpose, weight, outstanding, latencyMs };
    const { lastFault, state } = this.#circuit;
    if (state === "closed") return { ...facts, state: this.#health, reason: this.#reason };
    const reason = VlmError.is(lastFault, "node-failed") ? lastFault.details.reason : undefined;
    return { ...facts, state: "circuit-open", reason };
  }

  async #answer(
    { call, signal, queuedMs, onEvent }: RunOptions & { readonly signal: AbortSignal },
    { images, onSent, onRetried }: NodeUse,
  ): Promise<VlmResult> {
    const { settings } = this;
    const clock = createCallClock(queuedMs);
    const sent = await images.of(call, settings.maxSide, signal);
    const infos = sent.map(({ info }) => info);
    if (infos.length > 0) onEvent({ type: "image-ready", images: infos });
    const urls = sent.map(({ url }) => url);
    const body = JSON.stringify(toChatBody(settings, call, urls));
    const imageBytes = sent.reduce((sum, { bytes }) => sum + bytes, 0);
    const ask = async (): Promise<VlmResult> => {
      signal.throwIfAborted(); // A call may be given up during the pause before a repeat.
      const key = await untilAborted(readKey(settings), signal);
      onSent(imageBytes);
      return askNode({
        request: this.#toRequest(call.generation.maxNewTokens, body, key, signal),
        call,
        images: infos,
        model: settings.model,
        ranOn: this.#ranOn,
        clock,
        onText: (text) => {
          onEvent({ type: "text-delta", text });
        },
      });
    };
    return this.#counted(clock, () => untilAborted(this.#retried(ask, onRetried), signal));
  }

  get #ranOn(): VlmResult["ranOn"] {
    const { name, origin, purpose } = this.settings;
    return { kind: "remote", node: name, origin, purpose };
  }

  #toRequest(maxNewTokens: number, body: string, key: string | undefined, signal: AbortSignal) {
    const { name, chatUrl, timeouts } = this.settings;
    const maxBytes = BYTES_BESIDE + BYTES_OF_TOKEN * maxNewTokens;
    return { node: name, url: chatUrl, body, key, timeouts, maxBytes, signal };
  }

  /** Repeats what may pass, after a pause. An answer whose text has begun is never repeated. */
  #retried(ask: () => Promise<VlmResult>, onRetried: NodeUse["onRetried"]): Promise<VlmResult> {
    const policy = retry(handleWhen(mayPassSoon), {
      maxAttempts: this.settings.retries,
      backoff: new DelegateBackoff(({ attempt, result }) => {
        const error = "error" in result ? result.error : undefined;
        return pauseMsAfter(error, attempt);
      }),
    });
    policy.onRetry((reason) => {
      if (!("error" in reason) || !VlmError.is(reason.error, "node-failed")) return;
      onRetried(reason.error.details.reason);
    });
    return policy.execute(ask);
  }

  /** Counts how a call ends for the circuit, the speed and the health of the node. */
  async #counted(clock: CallClock, work: () => Promise<VlmResult>): Promise<VlmResult> {
    const startedAt = performance.now();
    try {
      const result = await this.#circuit.run(work);
      this.#latency.note(clock.firstTextMs ?? performance.now() - startedAt);
      this.contactedAt = performance.now();
      this.#noteHealth(undefined);
      return result;
    } catch (error) {
      // Another call was the trial, and failed.
      if (error instanceof BrokenCircuitError) throw nodeFailed(this.name, "circuit-open");
      const elapsedMs = performance.now() - startedAt;
      if (isNodeFault(error)) this.#latency.note(Math.max(FAILURE_MS, elapsedMs));
      else if (clock.firstTextMs !== undefined) this.#latency.note(clock.firstTextMs);
      else this.#latency.noteUnanswered(elapsedMs);
      throw error;
    }
  }

  #noteHealth(reason: NodeFailure | undefined): void {
    const health = reason === undefined ? "healthy" : "unhealthy";
    const isNew = this.#health !== health;
    this.#health = health;
    this.#reason = reason;
    if (isNew) this.#onChanged();
  }
}

/** Whether to repeat at the same node. A server that wants to be left alone for longer is left to itself. */
function mayPassSoon(error: unknown): boolean {
  return mayPass(error) && (error.details.retryAfterMs ?? 0) <= LONGEST_PAUSE_MS;
}

function pauseMsAfter(error: unknown, attempt: number): number {
  const asked = VlmError.is(error, "node-failed") ? error.details.retryAfterMs : undefined;
  const backoff = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (1 + Math.random());
  return Math.max(asked ?? 0, Math.min(backoff, LONGEST_PAUSE_MS));
}

function timedOut(timeoutMs: number): VlmError<"timeout"> {
  return new VlmError(
    "timeout",
    `The call took longer than ${String(timeoutMs)} ms and was stopped while a remote node answered. Raise \`timeoutMs\`, ` +
      "or lower `maxNewTokens`.",
    { timeoutMs, stage: "remote" },
  );
}
