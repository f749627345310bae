/** What is planned for a graph before its session is made, and what became of that. */

import { OnnxError } from "@fastvlm-kit/onnx/graph";
import type { RewriteReport } from "../../protocol/graph-report.ts";
import type { Refusal } from "./create-session.ts";

export interface Planned<Plan> {
  readonly plan: Plan | undefined;
  /** Why there is none, where that is no property of the graph. */
  readonly failures: readonly string[];
}

/**
 * A mistake of the kit's costs a user speed and not the answer: the graph then runs as its file has it. It is
 * no secret either: the graph's report has it.
 */
export function planGraph<Plan>(make: () => Plan): Planned<Plan> {
  try {
    return { plan: make(), failures: [] };
  } catch (error) {
    if (OnnxError.is(error, "model-invalid")) return { plan: undefined, failures: [error.message] };
    return { plan: undefined, failures: [`A mistake of the kit: ${String(error)}`] };
  }
}

/** A change that was made in a graph that the runtime then refused. */
export function undone(report: RewriteReport): RewriteReport {
  if (report.applied === 0) return report;
  return { ...report, applied: 0, missed: [...report.missed, "the changed graph was refused"] };
}

/** What went wrong; that steps cannot be captured is a property of graph and GPU. */
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
