/** Starts of onnxruntime that do not go well: each ends in time, and the model runs on one thread. */

import type { VlmEvent } from "@fastvlm-kit/web";
import { expect, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";

const STUCK = {
  "threads that never answer": "stuck-threads",
  "threads that the browser never comes back from making": "unmade-threads",
};

for (const [what, fault] of Object.entries(STUCK)) {
  test(`${what} are given up in time, and one thread answers`, async ({ kitPage }) => {
    await kitPage.clock.install();
    const loading = kitPage.evaluate(captionWith, { fault, scene: SCENE });
    const isOver = () => document.documentElement.dataset["event"] === "threads-fallback";
    await kitPage.waitForFunction(() => document.documentElement.dataset["threads"] === "made");
    // Two seconds for a tenth of one: enough for the threads to be given up, not for what comes before.
    await expect(async () => {
      await kitPage.clock.runFor(2000);
      expect(await kitPage.evaluate(isOver)).toBe(true);
    }).toPass({ intervals: [100], timeout: 60_000 });
    const { text, events, fallbacks } = await loading;
    expect(text).not.toBe("");
    expect(events).toMatchObject([{ type: "threads-fallback", reason: "threads-stuck" }]);
    expect(fallbacks).toEqual([{ "vlm.reason": "threads-stuck" }]);
  });
}

test("threads that the browser refuses cost no wait, and one thread answers", async ({
  kitPage,
}) => {
  const { text, events } = await kitPage.evaluate(captionWith, {
    fault: "refused-threads",
    scene: SCENE,
  });
  expect(text).not.toBe("");
  expect(events).toMatchObject([{ type: "threads-fallback", reason: "threads-failed" }]);
});

/** One caption, with workers that are broken in one way. Runs in the page. */
async function captionWith({ fault, scene }: { fault: string; scene: string }) {
  const { dataset } = document.documentElement;
  const events: VlmEvent[] = [];
  new BroadcastChannel("broken-threads").onmessage = () => {
    dataset["threads"] = "made";
  };
  const { vlm, metrics } = await window.kit.observe({
    device: "wasm",
    worker: () => window.kit.createFaultyWorker(fault),
    onEvent: (event) => {
      // Those of every load and call say nothing here.
      if (["graph-prepared", "threads-chosen", "call-ended"].includes(event.type)) return;
      events.push(event);
      dataset["event"] = event.type;
    },
  });
  const { text } = await vlm.caption(scene);
  const fallbacks = metrics
    .filter(({ name }) => name === "vlm.threads.fallback")
    .map(({ attributes }) => ({ "vlm.reason": attributes["vlm.reason"] }));
  return { text, events, fallbacks };
}

test("the first loads measure what threads bring, and the next one uses the answer", async ({
  kitPage,
}) => {
  const { chosen, cores } = await kitPage.evaluate(async () => {
    const chosen = [];
    for (let load = 0; load < 3; load++) {
      const { vlm, events } = await window.kit.observe({ device: "wasm" });
      await vlm.dispose();
      for (const event of events) if (event.type === "threads-chosen") chosen.push(event);
    }
    return { chosen, cores: navigator.hardwareConcurrency };
  });
  const threads = Math.min(cores, 4);
  const [first, , last] = chosen;
  expect(chosen).toHaveLength(3);
  expect(first).toMatchObject({ threads, isMeasuredNow: true });
  // Which answer is right depends on what else the machine does.
  const speed = Math.max(...chosen.map((one) => one.speed));
  expect(last).toMatchObject({ threads: speed < 0.75 ? 1 : threads, speed, isMeasuredNow: false });
});

test("nothing is measured where the app says how many threads there are", async ({ kitPage }) => {
  const types = await kitPage.evaluate(async () => {
    const { vlm, events } = await window.kit.observe({ device: "wasm", wasmThreads: 2 });
    await vlm.dispose();
    return events.map(({ type }) => type);
  });
  expect(types).not.toContain("threads-chosen");
});
