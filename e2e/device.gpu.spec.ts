/** A GPU that is lost, once and twice, and one that computes wrongly. Losses are real: the GPU process is crashed. */

import type { Page } from "@playwright/test";
import { EXHAUSTIVE_TAG, isExhaustive } from "../tools/exhaustive.ts";
import { openKitWithCrashes } from "./crash-gpu.ts";
import { expect, onlyInChromium, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";

/**
 * A short answer: the software adapter takes a third of a second for a token. The image has the size of the device
 * check's, for which the shaders are compiled already.
 */
const SHORT = { maxNewTokens: 6, cache: false } as const;

/** Both devices run the same files, so that they answer the same. */
const observeBoth = (page: Page) =>
  page.evaluateHandle(() =>
    window.kit.observe({ model: window.kit.tinyModel({ precision: "fp16" }) }),
  );

type Seen = Awaited<ReturnType<typeof observeBoth>>;

const caption = (seen: Seen): Promise<{ text: string; device: string }> =>
  seen.evaluate(
    async ({ vlm }, { scene, short }) => {
      const { text, device } = await vlm.caption(scene, short);
      return { text, device };
    },
    { scene: SCENE, short: SHORT },
  );

/** The GPU was lost twice, the worker was replaced each time, and the session goes on in WASM. */
async function expectTwoLosses(seen: Seen): Promise<void> {
  const { events, metrics } = await seen.evaluate(({ events, metrics }) => ({ events, metrics }));
  expect(events.filter(({ type }) => type === "worker-restarted")).toHaveLength(2);
  expect(events).toContainEqual({
    type: "device-fallback",
    fallback: expect.objectContaining({
      device: "webgpu",
      to: "wasm",
      reason: "circuit-open",
    }) as unknown,
  });
  expect(metrics.filter(({ name }) => name === "vlm.device.lost")).toHaveLength(2);
}

/** Each load on the software adapter takes half a minute. */
const LOSSES = isExhaustive ? 2 : 1;

test(`a call that runs when the GPU is lost is repeated there${LOSSES > 1 ? "; after a second loss WASM answers the same" : ""}`, async ({
  freshBrowser,
  server,
}) => {
  test.setTimeout(240_000);
  const { page, crashGpu } = await openKitWithCrashes(freshBrowser, server);
  const seen = await observeBoth(page);
  const answer = await seen.evaluateHandle(
    async ({ vlm }, { scene, short }) => {
      const events = vlm.generate({ image: scene, prompt: "Describe this image.", ...short });
      for (let next = await events.next(); !next.done; next = await events.next()) {
        if (next.value.type === "image-ready") break; // The vision encoder runs now.
      }
      return { result: window.kit.collect(events) };
    },
    { scene: SCENE, short: SHORT },
  );
  const eventsBefore = await seen.evaluate(({ events }) => events.map(({ type }) => type));
  expect(eventsBefore).not.toContain("worker-restarted");
  await crashGpu();
  const { text, device } = await answer.evaluate(({ result }) => result);
  expect(device).toBe("webgpu");
  expect(text).not.toBe("");
  if (LOSSES === 1) return;

  await crashGpu();
  expect(await caption(seen)).toEqual({ text, device: "wasm" });
  await expectTwoLosses(seen);
});

// Two loads on the software adapter, of half a minute each, as in the test above.
const BETWEEN_CALLS =
  "recovers on WebGPU when the GPU is lost between calls, and goes on in WASM when it is lost again";
test(BETWEEN_CALLS, { tag: EXHAUSTIVE_TAG }, async ({ freshBrowser, server }) => {
  test.setTimeout(240_000);
  const { page, crashGpu } = await openKitWithCrashes(freshBrowser, server);
  const seen = await observeBoth(page);
  const before = await caption(seen);
  expect(before.device).toBe("webgpu");
  await crashGpu();
  expect(await caption(seen)).toEqual(before);
  await crashGpu();
  expect(await caption(seen)).toEqual({ text: before.text, device: "wasm" });
  await expectTwoLosses(seen);
});

test("turns down a GPU that computes wrong numbers and says why", async ({ kitPage }) => {
  const { result, events } = await kitPage.evaluate(async (scene) => {
    const { createFaultyWorker, observe } = window.kit;
    const { vlm, events } = await observe({ worker: () => createFaultyWorker("wrong-gpu") });
    return { result: await vlm.caption(scene), events };
  }, SCENE);
  expect(result).toMatchObject({
    device: "wasm",
    fallback: { device: "webgpu", to: "wasm", reason: "device-check-failed" },
  });
  expect(events.map(({ type }) => type)).toContain("device-fallback");
});

// Two loads on the software adapter, of half a minute each.
const BOTH_RUNTIMES =
  "loads the smaller runtime where the browser has JSPI, and answers the same with the other";
test(
  BOTH_RUNTIMES,
  onlyInChromium(
    "It reads the requests of workers, which only Chromium's protocol tells.",
    EXHAUSTIVE_TAG,
  ),
  async ({ kitPage }) => {
    test.setTimeout(180_000);
    const runtimes: string[] = [];
    kitPage.on("request", (request) => {
      const name = /ort-wasm-simd-threaded\.(\w+)-[^/]*\.wasm$/.exec(request.url())?.[1];
      if (name !== undefined) runtimes.push(name);
    });
    const captionWith = (fault: string): Promise<{ text: string; device: string }> =>
      kitPage.evaluate(
        async ({ fault, scene, short }) => {
          const { createFaultyWorker, observe } = window.kit;
          const { vlm } = await observe({ worker: () => createFaultyWorker(fault) });
          const { text, device } = await vlm.caption(scene, short);
          return { text, device };
        },
        { fault, scene: SCENE, short: SHORT },
      );

    const suspended = await captionWith("none");
    expect(suspended.device).toBe("webgpu");
    expect(runtimes).toEqual(["jspi"]);
    expect(await captionWith("no-jspi")).toEqual(suspended);
    expect(runtimes).toEqual(["jspi", "asyncify"]);
  },
);
