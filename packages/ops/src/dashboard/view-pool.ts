/** How many workers there are and why, and the nodes that answer calls: workers of the page and servers. */

import { countOf, histogramOf, lastOf, listSeries, percentileOf } from "../series/read-series.ts";
import type { OpsSnapshot } from "../snapshot/snapshot.ts";
import type { DashboardData, NodeStatus } from "./dashboard-source.ts";
import { create, createTable, text } from "./elements.ts";
import { formatMoment, formatNumber, formatSeconds } from "./format.ts";

/** Workers wanted and running, the wait for them, and the last change. Without a status, what the metrics of the pool say. */
export function toScalingTable({ snapshot, scaling }: DashboardData): HTMLElement {
  const { totals } = snapshot;
  const count = lastOf(totals, "vlm.pool.workers");
  if (!scaling && count === undefined) return nothing("No pool of workers.");
  const waits = histogramOf(totals, "vlm.queue.wait.duration");
  const waited = [0.5, 0.95].map((share) => [
    `Wait of ${String(share * 100)} of 100`,
    formatSeconds(percentileOf(waits, share)),
  ]);
  if (!scaling) return toFacts([["Workers wanted", formatNumber(count)], ...waited]);
  const { workers, starting, wanted, limit, waiting, arrivals, lastChange } = scaling;
  return toFacts([
    ["Workers wanted", formatNumber(wanted)],
    [
      "Workers running",
      starting > 0 ? `${String(workers)}, ${String(starting)} start` : String(workers),
    ],
    ["Possible", `${String(limit.workers)} (${limit.reason})`],
    ["Calls that wait", formatNumber(waiting)],
    ...waited,
    ["Calls a second", formatNumber(arrivals.perSecond)],
    ["Soon a second", formatNumber(arrivals.expectedPerSecond)],
    [
      "Last change",
      lastChange
        ? `${String(lastChange.from)} to ${String(lastChange.to)} (${lastChange.reason}), ${formatMoment(lastChange.at)}`
        : "none",
    ],
  ]);
}

/** Every node in a row, those of which only metrics tell among them. */
export function toNodeTable({ snapshot, nodes = [] }: DashboardData): HTMLElement {
  const known = new Set(nodes.map(({ name }) => name));
  const told = listNodeNames(snapshot).filter((name) => !known.has(name));
  const all: readonly NodeStatus[] = [
    ...nodes,
    ...told.map((name) => ({ name, state: stateOf(snapshot, name), outstanding: NaN, origin: "" })),
  ];
  return createTable({
    caption: "Nodes",
    columns: ["Node", "State", "Calls now", "First text", "Failed calls", "Where"],
    rows: all.map(({ name, state, outstanding, origin, latencyMs, reason }) => [
      name,
      toState(state, reason),
      formatNumber(Number.isNaN(outstanding) ? undefined : outstanding),
      formatSeconds(latencyMs === undefined ? undefined : latencyMs / 1000),
      origin === undefined
        ? "–"
        : formatNumber(countOf(snapshot.totals, "vlm.node.failures", { "vlm.node": name })),
      origin === undefined ? "this page" : origin || "a server",
    ]),
    empty: "No node is told.",
  });
}

const WELL = ["loaded", "healthy"];
const WRONG = ["lost", "circuit-open", "unhealthy"];

function toState(state: string, reason: string | undefined): HTMLElement {
  const status = WELL.includes(state) ? "pass" : WRONG.includes(state) ? "fail" : "warn";
  const said = reason === undefined ? state : `${state}: ${reason}`;
  return create("span", { className: `status ${status}`, textContent: said });
}

function listNodeNames({ totals }: OpsSnapshot): readonly string[] {
  const names = ["vlm.node.sent", "vlm.node.failures", "vlm.node.changes"]
    .flatMap((metric) => listSeries(totals, metric))
    .map(({ attributes }) => attributes["vlm.node"])
    .filter((name) => typeof name === "string");
  return [...new Set(names)].sort();
}

/** The state of the change that came last. */
function stateOf({ totals }: OpsSnapshot, node: string): string {
  const changes = listSeries(totals, "vlm.node.changes", { "vlm.node": node });
  const states = changes.map(({ attributes }) => String(attributes["vlm.state"]));
  return states.length === 1 ? states[0]! : "not told";
}

function toFacts(rows: readonly (readonly string[])[]): HTMLElement {
  return createTable({ caption: "Scaling", columns: ["What", "Value"], rows });
}

function nothing(why: string): HTMLElement {
  const said = text("p", why);
  said.className = "quiet";
  return said;
}
