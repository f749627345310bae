/** Where a dashboard gets what it shows. */

import type { OpsSnapshot } from "../snapshot/snapshot.ts";

/** One thing that was looked at, as in health+json (draft-inadarei-api-health-check). */
export interface HealthCheck {
  readonly status?: string;
  readonly observedValue?: unknown;
  readonly observedUnit?: string;
  /** When it was looked at, as ISO 8601 writes it. */
  readonly time?: string;
  /** What is wrong. */
  readonly output?: string;
}

/** How healthy the kit is, as in health+json. */
export interface HealthReport {
  /** `pass`, `warn` or `fail`. */
  readonly status: string;
  readonly output?: string;
  readonly checks?: Readonly<Record<string, readonly HealthCheck[]>>;
}

/** As much of the SDK's `ScalingStatus` as is shown. */
export interface PoolStatus {
  readonly workers: number;
  readonly starting: number;
  readonly wanted: number;
  readonly limit: { readonly workers: number; readonly reason: string };
  readonly waiting: number;
  readonly arrivals: { readonly perSecond: number; readonly expectedPerSecond: number };
  readonly lastChange:
    | { readonly from: number; readonly to: number; readonly reason: string; readonly at: number }
    | undefined;
}

/** One node: as much of the SDK's `WorkerStats` or `NodeReport` as is shown. */
export interface NodeStatus {
  readonly name: string;
  readonly state: string;
  /** Calls that run there now. */
  readonly outstanding: number;
  /** Where images go; absent for a worker of the page. */
  readonly origin?: string;
  /** The time to the first text of a remote node, in milliseconds. */
  readonly latencyMs?: number | undefined;
  /** Why a remote node is not healthy. */
  readonly reason?: string | undefined;
}

/** What a model takes on the disk: as much of the SDK's `StoredModel` as is shown. */
export interface ModelStorage {
  readonly id: string;
  readonly revision: string;
  readonly storedBytes: number;
  readonly totalBytes: number;
  readonly isInUse: boolean;
  /** When it was last loaded, in milliseconds since the epoch. */
  readonly usedAt: number;
}

export interface DashboardData {
  readonly snapshot: OpsSnapshot;
  readonly health?: HealthReport | undefined;
  readonly models?: readonly ModelStorage[] | undefined;
  readonly scaling?: PoolStatus | undefined;
  /** Workers of the page and remote nodes. */
  readonly nodes?: readonly NodeStatus[] | undefined;
}

/** A dashboard asks its source for all that it shows. */
export interface DashboardSource {
  /** @param rangeMs how far back, in milliseconds */
  read(rangeMs: number): Promise<DashboardData>;
  /**
   * Calls `listener` when there is something new.
   *
   * @returns a function that ends it
   */
  subscribe?(listener: () => void): () => void;
  /** Marks an alert as seen. */
  acknowledge?(rule: string): void;
}
