/** Several workers with the same model: how many there may be, when there are more or fewer, and what was decided. */

/** How many workers a `Vlm` may have. */
export interface PoolOptions {
  /** So many workers are kept, if the device allows it. With 0 the last one ends too, after `scaling.idleMs`. Default 1. */
  readonly min?: number;
  /**
   * So many workers may run at once. There are never more than processor cores, and only one where more would not help: see
   * {@link PoolLimit}. Default 1.
   */
  readonly max?: number;
}

/** When a pool starts and ends workers. */
export interface ScalingOptions {
  /**
   * How long a call should wait for its turn at most, in milliseconds; 95 of 100 calls do not wait longer where enough workers
   * are allowed. Default: as long as a call takes, and at least 500.
   */
  readonly targetWaitMs?: number;
  /** How long a call should take with its wait, in milliseconds. Default: only the wait counts. */
  readonly targetLatencyMs?: number;
  /** How many bytes all workers together may take, by what one is known to take. Default: no limit. */
  readonly maxMemoryBytes?: number;
  /** The least time from one change to a later one that adds workers, in milliseconds. Default 1,000. */
  readonly cooldownUpMs?: number;
  /** The least time from one change to a later one that ends workers, in milliseconds. Default 30,000. */
  readonly cooldownDownMs?: number;
  /** With `pool.min` 0, the last worker ends when no call was made for so long, in milliseconds. Default 60,000. */
  readonly idleMs?: number;
  /** `holt` (default) adds workers for the calls that the trend of the last seconds promises; `none` waits until they come. */
  readonly prediction?: "holt" | "none";
}

/**
 * Why the number of workers changed. `queue-wait`: calls wait longer than they should. `arrivals`: as many calls come as the
 * workers before could not answer. `prediction`: as many calls will probably come. `minimum`: there were fewer than `min`.
 * `quiet`: fewer workers were enough for a while. `idle`: no call was made for a while. `limit`: fewer are allowed now.
 */
export type ScalingReason =
  "queue-wait" | "arrivals" | "prediction" | "minimum" | "quiet" | "idle" | "limit";

/**
 * Why there are no more workers. `max`: the option. `cores`: the processor has no more cores. `threads`: one worker already
 * computes on several cores. `webgpu`: one GPU has one queue. `shared`: `share: "tabs"` has one worker for all tabs. `not-stored`: another worker would have to download the
 * model again. `memory`: `scaling.maxMemoryBytes`. `start-failed`: another worker could not start.
 */
export type PoolLimit =
  "max" | "cores" | "threads" | "webgpu" | "shared" | "not-stored" | "memory" | "start-failed";

/** What `scalingStatus()` returns. */
export interface ScalingStatus {
  /** Workers that can answer now. */
  readonly workers: number;
  /** Workers that load the model now. */
  readonly starting: number;
  /** How many there should be. */
  readonly wanted: number;
  /** How many there may be now, and what sets that limit. */
  readonly limit: { readonly workers: number; readonly reason: PoolLimit };
  /** Calls that run. */
  readonly running: number;
  readonly waiting: number;
  /** Calls a second: as smoothed, and as expected when a worker that starts now would be ready. */
  readonly arrivals: { readonly perSecond: number; readonly expectedPerSecond: number };
  /** How long a call takes without its wait, smoothed; undefined before one was measured. */
  readonly callMs: number | undefined;
  /** How long the last worker took to start. */
  readonly startMs: number | undefined;
  /** What one worker takes: the bytes of the files that it has loaded, which is the least. */
  readonly bytesPerWorker: number;
  readonly lastChange: ScalingChange | undefined;
}

/** A change of the number of workers. */
export interface ScalingChange {
  readonly from: number;
  readonly to: number;
  readonly reason: ScalingReason;
  /** In milliseconds since the epoch. */
  readonly at: number;
}
