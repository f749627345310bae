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
