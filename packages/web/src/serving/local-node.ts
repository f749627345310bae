/** A worker of this page, with its supervisor, as one node. */

import { VlmError } from "../protocol/errors.ts";
import type { ImageInfo, VlmResult } from "../protocol/result.ts";
import { LruMap } from "../shared/lru-map.ts";
import { createKnownWork } from "./known-work.ts";
import {
  imagesOf,
  type Node,
  type NodeCall,
  type NodeState,
  type OpenOptions,
  type RunOptions,
} from "./node.ts";
import { openImage, runCall } from "./run-call.ts";
import type { LoadedWorker, Supervisor } from "./supervisor.ts";

/** A worker keeps the features of fewer images. The page has the pixels of all of them. */
const MAX_OPEN = 256;

/** As far as a node needs one. */
export type NodeSupervisor = Pick<
  Supervisor,
  | "ready"
  | "replace"
  | "noteAnswer"
  | "noteFailure"
  | "unload"
  | "dispose"
  | "worker"
  | "circuitOf"
  | "usesThreads"
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
  /** The names of images that are open here. */
  readonly #open = new LruMap<string, true>({ max: MAX_OPEN });
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
    for (const { id } of imagesOf(options.call)) if (id !== undefined) this.#open.set(id, true);
    return info;
  }

  knownShareOf(call: NodeCall): number {
    return this.#latest?.handle.isEnded === false ? this.#known.shareOf(call) : 0;
  }

  keepsOpen(call: NodeCall): boolean {
    if (this.#latest?.handle.isEnded !== false) return false;
    return imagesOf(call).some(({ id }) => id !== undefined && this.#open.get(id) === true);
  }

  /** The bytes of the files that its worker loads; 0 before one was loaded. */
  get fileBytes(): number {
    return this.#latest?.fileBytes ?? 0;
  }

  /** Whether another worker can load the model without a download. */
  get isStored(): boolean {
    return this.#latest?.isPersisted ?? false;
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
    this.#forget();
    if (this.#latest && !this.#latest.handle.isEnded) this.#latest.handle.dropCaches();
  }

  dispose(error: Error): Promise<void> {
    return this.supervisor.dispose(error);
  }

  readonly #noteLoaded = (loaded: LoadedWorker): void => {
    if (this.#latest?.handle !== loaded.handle) this.#forget();
    this.#latest = loaded;
    this.#onLoaded(loaded);
  };

  #forget(): void {
    this.#known.clear();
    this.#open.clear();
  }
}
