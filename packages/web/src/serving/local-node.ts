/** A worker of this page, with its supervisor, as one node. */

import { VlmError } from "../protocol/errors.ts";
import type { ImageInfo, VlmResult } from "../protocol/result.ts";
import { createKnownWork } from "./known-work.ts";
import type { Node, NodeCall, NodeState, OpenOptions, RunOptions } from "./node.ts";
import { openImage, runCall } from "./run-call.ts";
import type { LoadedWorker, Supervisor } from "./supervisor.ts";

/** As far as a node needs one. */
export type NodeSupervisor = Pick<
  Supervisor,
  "ready" | "replace" | "noteAnswer" | "noteFailure" | "unload" | "dispose" | "worker" | "circuitOf"
>;

export interface LocalNodeOptions {
  /** The worker, if it is loaded already. */
  readonly ready?: LoadedWorker;
  /** Is told which worker a call runs on, before it runs. */
  readonly onLoaded: (loaded: LoadedWorker) => void;
}

export class LocalNode implements Node {
  readonly name: string;
  readonly supervisor: NodeSupervisor;
  /** A worker computes one call at a time. */
  readonly maxCalls = 1;
  readonly #onLoaded: (loaded: LoadedWorker) => void;
  readonly #known = createKnownWork();
  /** The worker that was loaded first, or that ran the last call. */
  #latest: LoadedWorker | undefined;

  constructor(name: string, supervisor: NodeSupervisor, { ready, onLoaded }: LocalNodeOptions) {
    this.name = name;
    this.supervisor = supervisor;
    this.#latest = ready;
    this.#onLoaded = onLoaded;
  }

  get state(): NodeState {
    const { worker } = this.supervisor;
    const device = this.#latest?.device;
    return { phase: worker === "disposed" ? "lost" : worker, device };
  }

  async run(options: RunOptions): Promise<VlmResult> {
    const result = await runCall(this.supervisor, options, this.#noteLoaded);
    if (options.call.reuses) this.#known.note(options.call);
    return result;
  }

  async open(options: OpenOptions): Promise<ImageInfo> {
    const info = await openImage(this.supervisor, options, this.#noteLoaded);
    this.#known.note(options.call);
    return info;
  }

  knownShareOf(call: NodeCall): number {
    return this.#latest?.handle.isEnded === false ? this.#known.shareOf(call) : 0;
  }

  /** A call that failed because of its device was repeated already, in a fresh worker. */
  isFault(error: unknown): boolean {
    return VlmError.is(error, "worker-crashed");
  }

  /**
   * Makes the check of the device again, and starts a worker first if there is none. A device that fails it is not used
   * any more, as if a call had failed.
   *
   * @throws {VlmError} `device-check-failed`, and what a load and the runtime throw
   */
  async checkDevice(): Promise<void> {
    const loaded = await this.supervisor.ready();
    this.#noteLoaded(loaded);
    try {
      await loaded.handle.checkDevice();
    } catch (error) {
      this.supervisor.noteFailure(loaded, error);
      throw error;
    }
  }

  /** Frees what its worker can compute again. */
  dropCaches(): void {
    this.#known.clear();
    if (this.#latest && !this.#latest.handle.isEnded) this.#latest.handle.dropCaches();
  }

  dispose(error: Error): Promise<void> {
    return this.supervisor.dispose(error);
  }

  readonly #noteLoaded = (loaded: LoadedWorker): void => {
    if (this.#latest?.handle !== loaded.handle) this.#known.clear();
    this.#latest = loaded;
    this.#onLoaded(loaded);
  };
}
