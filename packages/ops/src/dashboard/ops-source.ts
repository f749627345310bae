import type { Ops } from "../ops.ts";
import type { DashboardSource, HealthReport, ModelStorage } from "./dashboard-source.ts";

export interface OpsSourceOptions {
  /** Such as `() => vlm.health()`. */
  readonly health?: () => HealthReport | Promise<HealthReport>;
  /** Such as `() => library.listModels()`. */
  readonly models?: () => Promise<readonly ModelStorage[]>;
}

/** What `ops` measures and has stored, of all tabs of this origin. */
export function opsSource(
  ops: Pick<Ops, "snapshot" | "subscribe" | "acknowledgeAlert">,
  { health, models }: OpsSourceOptions = {},
): DashboardSource {
  return {
    async read(rangeMs) {
      const to = Date.now();
      const [snapshot, report, stored] = await Promise.all([
        ops.snapshot({ from: to - rangeMs, to }),
        health?.(),
        models?.(),
      ]);
      return { snapshot, health: report, models: stored };
    },
    subscribe: (listener) => ops.subscribe(listener),
    acknowledge(rule) {
      ops.acknowledgeAlert(rule);
    },
  };
}
