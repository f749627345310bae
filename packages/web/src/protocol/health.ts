/**
 * What `health()` returns, in the shape of the draft "Health Check Response Format for HTTP APIs"
 * (https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06). A server that collects reports can serve one
 * as `application/health+json`.
 */

/** `pass`: all is well. `warn`: calls are answered, but something is worse than it could be. `fail`: calls are not answered. */
export type HealthStatus = "pass" | "warn" | "fail";

/** The state of one component. */
export interface HealthCheck {
  /** Which of several, such as `worker-2`; present in checks of each worker. */
  readonly componentId?: string;
  readonly componentType: "component" | "datastore" | "system";
  readonly observedValue?: string | number | boolean;
  readonly observedUnit?: string;
  readonly status: HealthStatus;
  /** When the value was observed, in ISO 8601. */
  readonly time: string;
  /** What is wrong, in English; present unless the status is `pass`. */
  readonly output?: string;
  /** Since when it is so, in ISO 8601, where that is known; present unless the status is `pass`. The draft allows own fields. */
  readonly since?: string;
}

/** The name of a check: the component, and what is observed of it. */
export type HealthCheckName =
  | "worker:liveness"
  | "pool:workers"
  | "pool:outstanding"
  | "pool:files"
  | "model:readiness"
  | "device:self-check"
  | "device:fallback"
  | "device:threads"
  | "decoder:form"
  | "webgpu:circuit"
  | "wasm:circuit"
  | "queue:depth"
  | "queue:longest-wait"
  | "storage:persistence"
  | "storage:usage"
  | "memory:usage";

/** What `health()` returns. It never contains content. */
export interface HealthReport {
  /** The worst status of all checks. */
  readonly status: HealthStatus;
  /** The version of this format. */
  readonly version: "1";
  /** The model that answers, and its revision. */
  readonly releaseId: string;
  readonly description: string;
  /** Checks by name. What a browser does not tell is left out. */
  readonly checks: Readonly<Partial<Record<HealthCheckName, readonly HealthCheck[]>>>;
}
