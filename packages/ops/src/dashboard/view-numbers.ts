/** The most important numbers, and the tables. */

import type { HealthReport, ModelStorage } from "./dashboard-source.ts";
import type { OpsSnapshot } from "../snapshot/snapshot.ts";
import { lastOf } from "../series/read-series.ts";
import { create, createTable, text } from "./elements.ts";
import { formatBytes, formatMoment, formatNumber, formatSeconds, formatShare } from "./format.ts";
import {
  countCaches,
  countWorkers,
  listErrors,
  listStages,
  summarize,
  type Count,
} from "./summarize.ts";

/** A `<dl>` of terms, facts and, in small letters, what belongs to them. */
export function toTiles(snapshot: OpsSnapshot): HTMLElement {
  const summary = summarize(snapshot);
  const { latency, storageBytes, quotaBytes } = summary;
  const tiles: readonly (readonly [term: string, fact: string, more: string])[] = [
    [
      "Calls a minute",
      formatNumber(summary.callsPerMinute),
      `${formatNumber(summary.calls)} calls`,
    ],
    ["Answered", formatShare(summary.successShare), "of calls with good input"],
    ["Latency", formatSeconds(latency?.p50), `95 of 100: ${formatSeconds(latency?.p95)}`],
    ["Tokens a second", formatNumber(summary.tokensPerSecond), "half of the calls"],
    [
      "Confidence",
      formatShare(summary.confidence.p50),
      `5 of 100 answers: below ${formatShare(summary.confidence.p5)}`,
    ],
    ["Remembered", formatShare(summary.cacheHitShare), "of answers, not computed"],
    ["Memory", formatBytes(summary.memoryBytes), "as the browser tells"],
    ["Storage", formatBytes(storageBytes), `of ${formatBytes(quotaBytes)}`],
  ];
  return create(
    "dl",
    { className: "tiles" },
    ...tiles.map(([term, fact, more]) =>
      create(
        "div",
        { className: "card" },
        text("dt", term),
        text("dd", fact),
        create("dd", { className: "quiet", textContent: more }),
      ),
    ),
  );
}

export function toStageTable({ totals }: OpsSnapshot): HTMLElement {
  return createTable({
    caption: "Latency by stage",
    columns: ["Stage", "Times", "50 of 100", "95 of 100", "99 of 100"],
    rows: listStages(totals).map(({ name, count, p50, p95, p99 }) => [
      name,
      formatNumber(count),
      ...[p50, p95, p99].map((seconds) => formatSeconds(seconds)),
    ]),
  });
}

export function toErrorTable({ totals }: OpsSnapshot): HTMLElement {
  return createTable({
    caption: "Errors by code",
    columns: ["Code", "Calls", "Outcome"],
    rows: listErrors(totals).map(({ name, count, outcome }) => [
      name,
      formatNumber(count),
      outcome,
    ]),
    empty: "No error.",
  });
}

export function toCacheTable({ totals }: OpsSnapshot): HTMLElement {
  return toCountTable("Caches", countCaches(totals));
}

export function toWorkerTable({ totals }: OpsSnapshot): HTMLElement {
  const depth = lastOf(totals, "vlm.queue.depth");
  const waiting = depth === undefined ? [] : [{ name: "Calls that wait", count: depth }];
  return toCountTable("Workers and queue", [...waiting, ...countWorkers(totals)]);
}

function toCountTable(caption: string, counts: readonly Count[]): HTMLElement {
  return createTable({
    caption,
    columns: ["What", "How often"],
    rows: counts.map(({ name, count }) => [name, formatNumber(count)]),
  });
}

export function toHealthTable(health: HealthReport | undefined): HTMLElement {
  if (!health) return create("p", { className: "quiet", textContent: "Not told." });
  const checks = Object.entries(health.checks ?? {}).flatMap(([name, all]) =>
    all.map((check) => [
      name,
      toStatus(check.status ?? "pass"),
      [check.observedValue, check.observedUnit]
        .filter((part) => part !== undefined)
        .map((part) => (typeof part === "string" ? part : JSON.stringify(part)))
        .join(" "),
      check.output ?? "",
    ]),
  );
  const table = createTable({
    caption: "Health",
    columns: ["Check", "Status", "Value", "What is wrong"],
    rows: [["Everything", toStatus(health.status), "", health.output ?? ""], ...checks],
  });
  return table;
}

/** The word says it; the colour only repeats it. */
function toStatus(status: string): HTMLElement {
  const known = ["pass", "warn", "fail"].includes(status) ? status : "warn";
  return create("span", { className: `status ${known}`, textContent: status });
}

export function toModelTable(models: readonly ModelStorage[] | undefined): HTMLElement {
  return createTable({
    caption: "Storage by model",
    columns: ["Model", "Stored", "In use", "Last loaded"],
    rows: (models ?? []).map(({ id, revision, storedBytes, totalBytes, isInUse, usedAt }) => [
      `${id} (${revision.slice(0, 8)})`,
      storedBytes < totalBytes
        ? `${formatBytes(storedBytes)} of ${formatBytes(totalBytes)}`
        : formatBytes(storedBytes),
      isInUse ? "yes" : "no",
      formatMoment(usedAt),
    ]),
    empty: models ? "No model is stored." : "Not told.",
  });
}
