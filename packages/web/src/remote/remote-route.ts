/** The way of one client's calls to remote nodes, and back to the device. */

import { reportCall } from "../metrics/call-metrics.ts";
import { VlmError, type VlmErrorCode } from "../protocol/errors.ts";
import type { MetricAttributes, MetricName } from "../protocol/metric.ts";
import type { NodeFailure, NodeMode, NodeReport } from "../protocol/remote.ts";
import type { GenerateEvent, VlmResult } from "../protocol/result.ts";
import type { AskedQuestion } from "../serving/active-model.ts";
import { createResultMemory } from "../serving/result-memory.ts";
import type { Route, RouteContext, RunOnDevice } from "../serving/route.ts";
import { waitFor } from "../shared/abortable-wait.ts";
import type { GenerateCall } from "../wire/worker-api.ts";
import { chooseRemote } from "./choose-remote.ts";
import { runHedged, type Attempt } from "./hedge.ts";
import { nodeFailed } from "./node-failed.ts";
import type { NodeUse, RemoteNode } from "./remote-node.ts";
import type { SentImages } from "./sent-images.ts";
import { shareImages, watchEvents } from "./shared-question.ts";
import { whyNotOnDevice } from "./why-not-on-device.ts";

/** The nodes, as a route sees them. */
export interface RouteNodes {
  readonly mode: NodeMode;
  readonly hedgeAfterMs: number | undefined;
  readonly nodes: readonly RemoteNode[];
}

export interface RouteParts {
  readonly images: SentImages;
  readonly onCall: () => void;
  readonly onDisposed: () => void;
}

/** A node at which a call has a place. */
interface ClaimedNode {
  readonly node: RemoteNode;
  /** Gives the place back. */
  readonly leave: () => void;
}

export class RemoteRoute implements Route {
  readonly #nodes: RouteNodes;
  readonly #context: RouteContext;
  readonly #parts: RouteParts;
  readonly #memory = createResultMemory(() => performance.now());
  readonly #disposing = new AbortController();
  readonly #waiting = new Set<() => void>();

  constructor(nodes: RouteNodes, context: RouteContext, parts: RouteParts) {
    this.#nodes = nodes;
    this.#context = context;
    this.#parts = parts;
  }

  get mode(): NodeMode {
    return this.#nodes.mode;
  }

  async run(question: AskedQuestion, mode: NodeMode, onDevice: RunOnDevice): Promise<VlmResult> {
    if (mode === "device-only") return onDevice(question);
    const shared = shareImages(question.take);
    const shown = watchEvents(question.onEvent);
    const asked = { ...question, take: shared.take, onEvent: shown.onEvent };
    try {
      if (mode === "prefer-device") {
        return await this.#first(shown, () => onDevice(asked), {
          from: "device",
          whyElsewhere: whyNotOnDevice,
          second: (failure) =>
            this.#onNodes(asked, { isCounted: true }).catch((error: unknown) => {
              // Without nodes the app would have got the device's own error, which says what is wrong there.
              const isNone = VlmError.is(error, "node-failed") && !error.details.hasText;
              throw isNone ? failure : error;
            }),
        });
      }
      const onNodes = (): Promise<VlmResult> => this.#onNodes(asked, { isCounted: false });
      if (mode === "remote-only") return await onNodes();
      return await this.#first(shown, onNodes, {
        from: "remote",
        whyElsewhere: (error) =>
          VlmError.is(error, "node-failed") ? error.details.reason : undefined,
        second: () => onDevice(asked),
      });
    } finally {
      shared.release();
    }
  }

  replaces(error: unknown): boolean {
    return this.mode !== "device-only" && whyNotOnDevice(error) !== undefined;
  }

  dispose(error: Error): void {
    this.#disposing.abort(error);
    this.#parts.onDisposed();
  }

  noteChanged({ name, state, reason }: NodeReport): void {
    this.#context.onEvent({ type: "node-changed", node: name, state, reason });
  }

  /** A node may have room for a call that waits. */
  noteFreed(): void {
    for (const resume of [...this.#waiting]) resume();
  }

  /** Asks in one place, and in the other one if that may help and the app has seen no text. */
  async #first(
    shown: { readonly hasText: boolean },
    first: () => Promise<VlmResult>,
    other: {
      readonly from: "device" | "remote";
      readonly whyElsewhere: (error: unknown) => VlmErrorCode | NodeFailure | undefined;
      readonly second: (failure: unknown) => Promise<VlmResult>;
    },
  ): Promise<VlmResult> {
    try {
      return await first();
    } catch (error) {
      const reason = shown.hasText ? undefined : other.whyElsewhere(error);
      if (reason === undefined) throw error;
      const to = other.from === "device" ? "remote" : "device";
      this.#context.onEvent({ type: "node-fallback", from: other.from, to, reason });
      return other.second(error);
    }
  }

  async #onNodes(
    question: AskedQuestion,
    { isCounted }: { readonly isCounted: boolean },
  ): Promise<VlmResult> {
    const { known, onEvent, signal } = question;
    signal?.throwIfAborted();
    const recalled = known && this.#recall({ ...question.call, images: known }, onEvent);
    if (recalled) return recalled;
    if (!isCounted) this.#assertRate();
    this.#parts.onCall();
    onEvent({ type: "queued", position: 0 });
    const startedAt = performance.now();
    const { images } = await question.take();
    const call: GenerateCall = { ...question.call, images };
    const result = await this.#onOneOf(call, question, startedAt);
    reportCall(this.#context.recorder.with({ "vlm.node": nameOf(result) }), result);
    return result;
  }

  /** Asks one node after the other, until one answers or all have failed. */
  async #onOneOf(
    call: GenerateCall,
    { signal, timeoutMs, onEvent }: AskedQuestion,
    startedAt: number,
  ): Promise<VlmResult> {
    const tried = new Set<RemoteNode>();
    const ends = signal
      ? AbortSignal.any([signal, this.#disposing.signal])
      : this.#disposing.signal;
    let failure: unknown;
    while (true) {
      const queuedAt = performance.now();
      const claimed = await this.#claim(call, tried, ends, failure);
      const queuedMs = performance.now() - queuedAt;
      const attemptOn = ({ node: one, leave }: ClaimedNode): Attempt => {
        tried.add(one);
        return async (attemptSignal, listen) => {
          const waitedMs = performance.now() - startedAt;
          const limits = { signal: attemptSignal, timeoutMs, waitedMs, queuedMs };
          const options = { ...limits, call, onEvent: listen, onSent: () => undefined };
          try {
            const result = await one.run(options, this.#useOf(one));
            this.#memory.remember(call, result, one.variant);
            return result;
          } finally {
            leave();
            this.noteFreed();
          }
        };
      };
      try {
        return await this.#attempt(attemptOn(claimed), { signal: ends, onEvent }, () => {
          const other = chooseRemote(this.#openTo(call, tried).filter(hasRoom));
          if (other) this.#record("vlm.node.hedges", { "vlm.node": other.name });
          return other && attemptOn({ node: other, leave: other.claim() });
        });
      } catch (error) {
        if (!VlmError.is(error, "node-failed") || error.details.hasText) throw error;
        const { node: name, reason } = error.details;
        this.#record("vlm.node.failures", { "vlm.node": name, "vlm.reason": reason });
        failure = error;
      }
    }
  }

  /** Runs an attempt, and a second one beside it where hedging is on. */
  #attempt(
    first: Attempt,
    { signal, onEvent }: { signal: AbortSignal; onEvent: AskedQuestion["onEvent"] },
    second: () => Attempt | undefined,
  ): Promise<VlmResult> {
    const { hedgeAfterMs: afterMs } = this.#nodes;
    if (afterMs === undefined) return first(signal, onEvent);
    return runHedged(first, { afterMs, signal, onEvent, second });
  }

  #record(name: MetricName, attributes: MetricAttributes): void {
    this.#context.recorder.record(name, 1, attributes);
  }

  #useOf({ name }: RemoteNode): NodeUse {
    const { recorder } = this.#context;
    const node = { "vlm.node": name };
    return {
      images: this.#parts.images,
      onRetried: (reason) => {
        recorder.record("vlm.node.retries", 1, { ...node, "vlm.reason": reason });
      },
      onSent: (imageBytes) => {
        recorder.record("vlm.node.sent", imageBytes, node);
      },
    };
  }

  /** Waits until a node has room that may take the call, and takes it at once, before another call can. */
  async #claim(
    call: GenerateCall,
    tried: ReadonlySet<RemoteNode>,
    signal: AbortSignal,
    failure: unknown,
  ): Promise<ClaimedNode> {
    while (true) {
      const open = this.#openTo(call, tried);
      if (open.length === 0) throw failure ?? this.#whyNone(call);
      const node = chooseRemote(open.filter(hasRoom));
      if (node) return { node, leave: node.claim() };
      await waitFor(signal, (resume) => {
        this.#waiting.add(resume);
        return () => this.#waiting.delete(resume);
      });
    }
  }

  /** Nodes that may take the call: those whose last health check failed only if there is no other. */
  #openTo(call: GenerateCall, tried: ReadonlySet<RemoteNode>): readonly RemoteNode[] {
    const able = this.#nodes.nodes.filter(
      (node) => !tried.has(node) && !node.isOpen && whyCannot(node, call) === undefined,
    );
    const well = able.filter((node) => !node.isUnhealthy);
    return well.length > 0 ? well : able;
  }

  /** Why no node takes the call, before one was asked. */
  #whyNone(call: GenerateCall): unknown {
    const [node] = this.#nodes.nodes;
    if (!node) return nodeFailed("", "no-node");
    const why = this.#nodes.nodes.map((one) => whyCannot(one, call));
    const able = this.#nodes.nodes.find((_, index) => why[index] === undefined);
    return able ? nodeFailed(able.name, "circuit-open") : why[0];
  }

  #assertRate(): void {
    const { limiter, recorder } = this.#context;
    const retryAfterMs = limiter?.take() ?? 0;
    if (!limiter || retryAfterMs <= 0) return;
    recorder.record("vlm.queue.refused", 1, { "vlm.reason": "rate-limit" });
    throw new VlmError(
      "queue-full",
      `The app's limit of ${String(limiter.calls)} calls within its time is reached. Make the call again after \`retryAfterMs\`.`,
      { reason: "rate-limit", limit: limiter.calls, waiting: 0, retryAfterMs },
    );
  }

  /** An answer of one model is none of another, so that each node's model has its own. */
  #recall(call: GenerateCall, onEvent: (event: GenerateEvent) => void): VlmResult | undefined {
    for (const node of this.#nodes.nodes) {
      const result = this.#memory.recall(call, node.variant);
      if (!result) continue;
      onEvent({ type: "queued", position: 0 });
      if (result.images.length > 0) onEvent({ type: "image-ready", images: result.images });
      onEvent({ type: "text-delta", text: result.text });
      this.#context.recorder.record("vlm.result_cache.hits", 1);
      return result;
    }
    return undefined;
  }
}

const hasRoom = (node: RemoteNode): boolean => node.hasRoom;

function whyCannot(node: RemoteNode, call: GenerateCall): unknown {
  try {
    node.assertCan(call);
    return undefined;
  } catch (error) {
    return error;
  }
}

function nameOf({ ranOn }: VlmResult): string {
  return ranOn.kind === "remote" ? ranOn.node : "device";
}
