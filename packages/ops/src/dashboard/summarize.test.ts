import { expect, it } from "vitest";
import { createSeriesSet } from "../series/series-set.ts";
import type { Point, Series } from "../series/series.ts";
import type { OpsSnapshot } from "../snapshot/snapshot.ts";
import { readTrends } from "./trends.ts";
import { countWorkers, listErrors, listStages, summarize } from "./summarize.ts";

const MINUTE_MS = 60_000;
const START = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);

const point = (name: string, value: number, unit = "1", attributes = {}): Point => ({
  name,
  value,
  unit,
  attributes,
});

const call = (outcome: string, error?: string): Point =>
  point("vlm.calls", 1, "1", { "vlm.outcome": outcome, ...(error && { "error.type": error }) });

function seriesOf(...points: readonly Point[]): readonly Series[] {
  const set = createSeriesSet();
  for (const one of points) set.add(one, START);
  return set.list();
}

function snapshotOf(...minutes: readonly (readonly Point[])[]): OpsSnapshot {
  return {
    schema: 1,
    createdAt: START,
    from: START,
    to: START + (minutes.length - 1) * MINUTE_MS + 5,
    minutes: minutes.flatMap((points, index) =>
      points.length === 0
        ? []
        : [{ minute: START + index * MINUTE_MS, series: seriesOf(...points) }],
    ),
    totals: seriesOf(...minutes.flat()),
    calls: [],
    alerts: [],
    isPersistent: false,
  };
}

const SECOND = point("vlm.call.duration", 1, "s");

it("sums up calls, and leaves those out whose input was at fault", () => {
  const snapshot = snapshotOf(
    [call("answered"), call("answered"), call("answered"), SECOND],
    [],
    [call("failed", "timeout"), call("refused", "image-unsupported"), call("aborted")],
  );
  expect(summarize(snapshot)).toMatchObject({
    calls: 6,
    callsPerMinute: 2,
    successShare: 0.75,
    latency: { count: 1, p50: 1, p95: 1, p99: 1 },
    cacheHitShare: undefined,
    memoryBytes: undefined,
  });
});

it("says nothing of what was not measured", () => {
  const summary = summarize(snapshotOf());
  expect(summary).toMatchObject({ calls: 0, callsPerMinute: undefined, successShare: undefined });
  expect(listStages([])).toEqual([]);
  expect(listErrors([])).toEqual([]);
});

it("lists stages in their order, and errors with the most frequent one first", () => {
  const totals = seriesOf(
    point("vlm.decode.duration", 0.5, "s"),
    point("vlm.vision.duration", 0.25, "s"),
    call("failed", "timeout"),
    call("refused", "image-unsupported"),
    call("refused", "image-unsupported"),
    point("vlm.worker.restarts", 1),
  );
  expect(listStages(totals).map(({ name, p50 }) => [name, p50])).toEqual([
    ["Vision encoder", 0.25],
    ["Decode", 0.5],
  ]);
  expect(listErrors(totals)).toEqual([
    { name: "image-unsupported", count: 2, outcome: "refused" },
    { name: "timeout", count: 1, outcome: "failed" },
  ]);
  expect(countWorkers(totals)[0]).toEqual({ name: "Workers restarted", count: 1 });
});

it("has a value for each minute, and none for a minute without measurements", () => {
  const trends = readTrends(snapshotOf([call("answered")], [], [call("answered"), SECOND]));
  const [calls, latency] = trends;
  expect(calls!.at).toEqual([0, 1, 2].map((minute) => START / 1000 + minute * 60));
  expect(calls!.lines[0]).toEqual({ label: "answered", values: [1, null, 1] });
  expect(latency!.lines[0]!.values).toEqual([null, null, 1]);
});
