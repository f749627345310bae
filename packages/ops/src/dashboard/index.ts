/**
 * A page that shows what `createOps` has measured: `<vlm-dashboard>`, a custom element without a framework.
 *
 * @module
 */

export { defineVlmDashboard, type VlmDashboard } from "./dashboard-element.ts";
export { opsSource, type OpsSourceOptions } from "./ops-source.ts";
export type {
  DashboardData,
  DashboardSource,
  HealthCheck,
  HealthReport,
  ModelStorage,
  NodeStatus,
  PoolStatus,
} from "./dashboard-source.ts";
