import type { Ops } from "../ops.ts";
import type {
  DashboardSource,
  HealthReport,
  ModelStorage,
  NodeStatus,
  PoolStatus,
} from "./dashboard-source.ts";

export interface OpsSourceOptions {
  /** Such as `() => vlm.health()`. */
  readonly health?: () => HealthReport | Promise<HealthReport>;
  /** Such as `() => library.listModels()`. */
  readonly models?: () => Promise<readonly ModelStorage[]>;
  /** Such as `() => vlm.scalingStatus()`. */
  readonly scaling?: () => PoolStatus | undefined;
  /** Such as `() => [...vlm.stats().pool.workers, ...remote.listNodes()]`. */
  readonly nodes?: () => readonly NodeStatus[];
}

/** What `ops` measures and has stored, of all tabs of this origin. */
export function opsSource(
  ops: Pick<Ops, "snapshot" | "subscribe" | "acknowledgeAlert">,
  { health, models, scaling, nodes }: OpsSourceOptions = {},
): DashboardSource {
  return {
    async read(rangeMs) {
      const to = Date.now();
      const [snapshot, report, stored] = await Promise.all([
        ops.snapshot({ from: to - rangeMs, to }),
        health?.(),
        models?.(),
      ]);
      return {
        snapshot,
        health: report,
        models: stored,
        scaling: scaling?.(),
        nodes: nodes?.(),
      };
    },
    subscribe: (listener) => ops.subscribe(listener),
    acknowledge(rule) {
      ops.acknowledgeAlert(rule);
    },
  };
}
