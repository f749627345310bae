/** What `stats()` returns: plain numbers since the client began, which JSON can hold. */

import type { Device } from "./model-descriptor.ts";
import type { Timings } from "./result.ts";

/** Durations of one kind, in milliseconds. */
export interface DurationStats {
  readonly count: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

/** One worker of a client, and what it has to do now. */
export interface WorkerStats {
  /** Such as `worker-2`. */
  readonly name: string;
  /** `none`: it ended, and the next call starts it again. `lost`: it will not answer any more. */
  readonly state: "loaded" | "starting" | "none" | "lost";
  /** Where it computes; absent before it has loaded the model. */
  readonly device?: Device;
  /** Calls that it runs. */
  readonly outstanding: number;
  /**
   * Bytes of the files that it has loaded; 0 while it has none. That is the least that it takes: browsers tell the memory of a
   * page with all its workers together, and only to isolated pages.
   */
  readonly fileBytes: number;
}

/** Counts and durations since the client began, over all its models. It never contains content. */
export interface VlmStats {
  /** When the client began, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly calls: {
    readonly answered: number;
    /** How many of the answered ones came from a cache. */
    readonly cached: number;
    readonly failed: number;
    /** The caller gave them up. */
    readonly aborted: number;
    /** Failed calls by the code of `VlmError`, or the name of another error. */
    readonly errors: Readonly<Record<string, number>>;
  };
  /** How long each stage took, of answered calls that were computed and had the stage. */
  readonly latency: Readonly<Partial<Record<keyof Timings, DurationStats>>>;
  readonly tokens: {
    readonly input: number;
    readonly output: number;
    /** Output tokens per second of decoding, over all computed answers; 0 before there is one. */
    readonly perSecond: number;
  };
  readonly cache: {
    readonly resultHits: number;
    readonly resultMisses: number;
    readonly modelHits: number;
    readonly modelMisses: number;
    readonly modelCorruptions: number;
    readonly modelEvictions: number;
  };
  readonly queue: {
    /** Calls that wait now, and the most that ever waited. */
    readonly depth: number;
    readonly maxDepth: number;
    readonly refused: number;
    readonly longestWaitMs: number;
  };
  readonly worker: {
    readonly restarts: number;
    readonly unloads: number;
    readonly fallbacks: number;
    readonly devicesLost: number;
  };
  /** The workers that there are now; one without `pool`. */
  readonly pool: {
    readonly workers: readonly WorkerStats[];
    /** How many of them have the model loaded. */
    readonly loaded: number;
    /** Calls that all of them run. */
    readonly outstanding: number;
    /** Bytes of the files that all of them have loaded. */
    readonly fileBytes: number;
  };
  /** Bytes that the kit knows of, as they were measured last; 0 before the first measurement. */
  readonly memory: {
    /** KV caches that are kept between calls. */
    readonly kvCacheBytes: number;
    /** The page, with its workers where the browser tells; measured only where `maxMemoryBytes` is set. */
    readonly usedBytes: number;
  };
}
