/** Plans the changes of a graph before its session is created, and reports how they went. */

import { OnnxError } from "@fastvlm-kit/onnx/graph";
import type { RewriteReport } from "../../protocol/graph-report.ts";
import type { Refusal } from "./create-session.ts";

export interface Planned<Plan> {
  readonly plan: Plan | undefined;
  /** Why there is no plan, if the reason is a bug of the kit and not the graph. */
  readonly failures: readonly string[];
}

/**
 * Makes a plan. If a bug of the kit throws here, the graph runs as its file has it: slower, but with the right answer. The
 * report of the graph contains the error.
 */
export function planGraph<Plan>(make: () => Plan): Planned<Plan> {
  try {
    return { plan: make(), failures: [] };
  } catch (error) {
    if (OnnxError.is(error, "model-invalid")) return { plan: undefined, failures: [error.message] };
    return { plan: undefined, failures: [`A mistake of the kit: ${String(error)}`] };
  }
}

/** The report of a change that was made in a graph which the runtime then refused. */
export function undone(report: RewriteReport): RewriteReport {
  if (report.applied === 0) return report;
  return { ...report, applied: 0, missed: [...report.missed, "the changed graph was refused"] };
}

/** The failures among the refusals. If only captures were refused, this is no failure, because it depends on graph and GPU. */
export function refusals(refused: readonly Refusal[]): string[] {
  return refused
    .filter(({ what }) => what !== "captured")
    .map(({ what, reason }) => `The runtime refused the ${WHAT[what]}: ${reason}`);
}

const WHAT: Readonly<Record<Refusal["what"], string>> = {
  captured: "captured steps",
  rewritten: "changed graph",
  mounted: "weights outside of the graph",
};
