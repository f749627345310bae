/** Writes the report of `health()` from what is known of the model that serves. */

import type {
  HealthCheck,
  HealthCheckName,
  HealthReport,
  HealthStatus,
} from "../protocol/health.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { WorkerStats } from "../protocol/stats.ts";
import type { CircuitReport } from "../serving/device-circuits.ts";
import type { Condition, ConditionName, PassedCheck } from "../serving/health-log.ts";

/** What the report is made of. */
export interface HealthFacts {
  readonly model: Pick<ModelDescriptor, "id" | "revision">;
  /** `none`: the next call starts a worker. */
  readonly worker: "loaded" | "starting" | "none" | "disposed";
  /** The workers of a pool; empty without one. */
  readonly workers: readonly WorkerStats[];
  /** `remote`: none has loaded the model yet. */
  readonly device: Device | "remote";
  readonly hasFallback: boolean;
  readonly circuits: Readonly<Record<Device, CircuitReport>>;
  readonly queue: { readonly depth: number; readonly longestWaitMs: number; readonly max: number };
  readonly isPersisted: boolean;
  readonly selfCheck: PassedCheck | undefined;
  /** Why the device failed the check that was asked for; undefined if it passed, or was not asked for. */
  readonly selfCheckFailure: string | undefined;
  readonly storage: StorageEstimate | undefined;
  /** Bytes of memory; undefined where nothing was measured. */
  readonly memory: { readonly usedBytes: number; readonly maxBytes: number } | undefined;
  readonly conditionOf: (name: ConditionName) => Condition | undefined;
}

/** Above this share of what the browser allows, the next model may not fit. */
const NEARLY_FULL = 0.9;

const ORDER: readonly HealthStatus[] = ["pass", "warn", "fail"];

/** @param now in milliseconds since the epoch */
export function toHealthReport(facts: HealthFacts, now: number): HealthReport {
  const time = toTime(now);
  const checks: Partial<Record<HealthCheckName, readonly HealthCheck[]>> = {};
  const add: Add = (name, check, wrong) => {
    const bad = wrong && {
      status: wrong.status ?? "warn",
      output: wrong.output,
      ...(wrong.since !== undefined && { since: toTime(wrong.since) }),
    };
    checks[name] = [{ componentType: "component", status: "pass", time, ...check, ...bad }];
  };

  const { worker, device, queue, circuits, storage, memory, conditionOf } = facts;
  add("worker:liveness", { observedValue: worker }, whyNotAlive(facts));
  add("model:readiness", { observedValue: worker === "loaded" }, whyNotReady(facts));
  if (facts.workers.length > 0) Object.assign(checks, toPoolChecks(facts.workers, time));
  addSelfCheck(facts, add);
  add(
    "device:fallback",
    { observedValue: device },
    when(facts.hasFallback, conditionOf("fallback")),
  );
  add("device:threads", { observedValue: !conditionOf("threads") }, conditionOf("threads"));
  add("decoder:form", { observedValue: !conditionOf("decoder") }, conditionOf("decoder"));
  for (const one of ["webgpu", "wasm"] as const) {
    add(`${one}:circuit`, { observedValue: circuits[one].state }, conditionOf(one));
  }
  const isFull = queue.depth > 0 && queue.depth >= queue.max;
  add(
    "queue:depth",
    { observedValue: queue.depth, observedUnit: "calls" },
    isFull ? { output: "The queue is full, and calls are refused." } : undefined,
  );
  add("queue:longest-wait", { observedValue: Math.round(queue.longestWaitMs), observedUnit: "ms" });
  add(
    "storage:persistence",
    { componentType: "datastore", observedValue: facts.isPersisted },
    conditionOf("storage") ??
      when(!facts.isPersisted, { output: "The model's files are kept for this session only." }),
  );
  const { usage, quota } = storage ?? {};
  if (usage !== undefined && quota !== undefined) {
    add(
      "storage:usage",
      { componentType: "datastore", observedValue: usage, observedUnit: "bytes" },
      when(usage > quota * NEARLY_FULL, {
        output: `The browser allows this site ${String(quota)} bytes.`,
      }),
    );
  }
  if (memory) {
    add(
      "memory:usage",
      { componentType: "system", observedValue: memory.usedBytes, observedUnit: "bytes" },
      when(memory.usedBytes > memory.maxBytes, conditionOf("memory")),
    );
  }
  const all = Object.values(checks).flat();
  return {
    status: ORDER[Math.max(...all.map(({ status }) => ORDER.indexOf(status)))]!,
    version: "1",
    releaseId: `${facts.model.id}@${facts.model.revision}`,
    description: "A vision-language model in this page",
    checks,
  };
}

/** What is wrong: a warning, unless it says otherwise. */
interface Wrong {
  readonly status?: HealthStatus;
  readonly output: string;
  readonly since?: number;
}

/** Adds one check. `wrong` is undefined where all is well. */
type Add = (name: HealthCheckName, check: Partial<HealthCheck>, wrong?: Wrong) => void;

/** A check of each worker. One that ended, or that starts, is nothing wrong: the pool grows and shrinks. */
function toPoolChecks(
  workers: readonly WorkerStats[],
  time: string,
): Partial<Record<HealthCheckName, readonly HealthCheck[]>> {
  const each = (observe: (worker: WorkerStats) => Partial<HealthCheck>): readonly HealthCheck[] =>
    workers.map((worker) => ({
      componentId: worker.name,
      componentType: "component",
      status: "pass",
      time,
      ...observe(worker),
    }));
  return {
    "pool:workers": each(({ state }) => ({ observedValue: state })),
    "pool:outstanding": each(({ outstanding }) => ({
      observedValue: outstanding,
      observedUnit: "calls",
    })),
    "pool:files": each(({ fileBytes }) => ({ observedValue: fileBytes, observedUnit: "bytes" })),
  };
}

function addSelfCheck({ selfCheck, selfCheckFailure: output }: HealthFacts, add: Add): void {
  const observed = selfCheck && {
    observedValue: Math.round(selfCheck.seconds * 1000),
    observedUnit: "ms",
    time: toTime(selfCheck.at),
  };
  // Without one, an earlier visit has made the check with the same files on this device.
  if (output !== undefined) add("device:self-check", {}, { status: "fail", output });
  else add("device:self-check", observed ?? { observedValue: "passed at an earlier visit" });
}

function whyNotAlive({ worker }: HealthFacts): Wrong | undefined {
  if (worker !== "disposed") return undefined;
  return { status: "fail", output: "This `Vlm` was disposed of." };
}

function whyNotReady({ worker, circuits, conditionOf }: HealthFacts): Wrong | undefined {
  if (worker === "loaded") return undefined;
  if (worker === "disposed") return { status: "fail", output: "This `Vlm` was disposed of." };
  const open = (["webgpu", "wasm"] as const).filter((device) => circuits[device].state === "open");
  // WASM is the last device to be tried.
  if (open.includes("wasm")) {
    const { since } = conditionOf("wasm") ?? {};
    const output = "Devices failed repeatedly, and calls are refused for a while.";
    return { status: "fail", output, ...(since !== undefined && { since }) };
  }
  return {
    output:
      worker === "starting"
        ? "The model is being loaded."
        : "No worker is loaded; the next call starts one.",
  };
}

function when<T>(isWrong: boolean, wrong: T): T | undefined {
  return isWrong ? wrong : undefined;
}

function toTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
