/** A profile of real calls on a GPU: its counts are those of the browser, and Perfetto reads its trace as it was written. */

import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, onlyInChromium, test } from "./fixtures.ts";
import { readTrace } from "./perfetto/read-trace.ts";

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly cat: string;
  readonly ts: number;
  readonly dur: number;
  readonly tid: number;
  readonly args: { readonly name: string; readonly value: number };
}

const PERFETTO = "It gives a file to Perfetto's page, and Perfetto is made for Chromium.";

test(
  "a profile counts what the GPU is asked for, and Perfetto opens its trace without errors",
  onlyInChromium(PERFETTO, EXHAUSTIVE_TAG), // A load on the software adapter takes half a minute.
  async ({ kitPage, browser }) => {
    test.setTimeout(300_000);
    const { report, trace, before, after } = await kitPage.evaluate(async () => {
      const { askGpuCount, createFaultyWorker, createOps, observe, tinyModel, toChromeTrace } =
        window.kit;
      const ops = createOps({ databaseName: undefined });
      const profile = ops.startProfile("first visit");
      const { vlm } = await observe({
        worker: () => createFaultyWorker("counted-gpu"),
        model: tinyModel({ precision: "fp16" }),
        device: "webgpu",
        cache: { maxResultBytes: 0 },
        onMetric: ops.onMetric,
        onEvent: ops.onEvent,
      });
      const before = await askGpuCount();
      const short = { maxNewTokens: 3 };
      // They wait for each other, and so overlap; and one has words after its image was known.
      await Promise.all(
        ["01", "02", "01"].map((n) => vlm.caption(`/scenes/scene-${n}.png`, short)),
      );
      await vlm.check("/scenes/scene-02.png", "There is a crab.");
      const after = await askGpuCount();
      // The worker's metrics have a way of their own to the page.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const report = profile.stop();
      await vlm.dispose();
      await ops.dispose();
      return { report, trace: toChromeTrace(report), before, after };
    });

    const { counts, bytes, gpu } = report;
    expect({
      dispatches: counts["vlm.gpu.dispatches"],
      submits: counts["vlm.gpu.submits"],
      readBytes: bytes["vlm.gpu.read.bytes"],
    }).toEqual({
      dispatches: after.dispatches - before.dispatches,
      submits: after.submits - before.submits,
      readBytes: after.readBytes - before.readBytes,
    });
    expect(after.dispatches).toBeGreaterThan(before.dispatches + 100);

    const { traceEvents } = JSON.parse(trace) as { readonly traceEvents: readonly TraceEvent[] };
    const read = await readTrace(browser, trace);
    expect([read.importErrors, read.problems]).toEqual([0, []]);
    const bySlice = (a: object, b: object): number =>
      JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
    expect([...read.slices].sort(bySlice)).toEqual(slicesOf(traceEvents).sort(bySlice));
    expect(read.slices.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "model.load",
        "session.create",
        "brief",
        "queue",
        "vision",
        "decode",
      ]),
    );
    expect(Math.max(...read.slices.map(({ depth }) => Number(depth)))).toBeGreaterThan(0);
    expect(read.counters).toEqual(
      gpu.map(({ name, at, value }) => ({
        name: `${name} value`,
        ts: Math.round((at - report.startedAt) * 1000) * 1000,
        value,
      })),
    );
  },
);

/** What a viewer has to find: each span on its thread, and inside how many others it is. */
function slicesOf(events: readonly TraceEvent[]): Record<string, string | number>[] {
  const nameOf = (kind: string, tid?: number): string =>
    events.find(({ name, ...event }) => name === kind && event.tid === tid)!.args.name;
  const spans = events.filter(({ ph }) => ph === "X");
  return spans.map(({ name, cat, ts, dur, tid }, index) => ({
    name,
    category: cat,
    thread: nameOf("thread_name", tid),
    process: nameOf("process_name"),
    ts: ts * 1000,
    dur: dur * 1000,
    depth: spans.filter((other, at) => {
      if (other.tid !== tid || other.ts > ts || other.ts + other.dur < ts + dur) return false;
      return other.ts < ts || other.dur > dur || at < index;
    }).length,
  }));
}
