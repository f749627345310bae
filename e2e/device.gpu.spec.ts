/** A GPU that is lost, once and twice, and one that computes wrongly. Losses are real: the GPU process is crashed. */

import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, openKit, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";

/** A short answer about one image token: the software adapter takes half a second for a token. */
const SHORT = { detail: 64, maxNewTokens: 6, cache: false } as const;

test("recovers on WebGPU when the GPU is lost once, and goes on in WASM when it is lost twice", async ({
  freshBrowser,
  server,
}) => {
  test.setTimeout(240_000);
  const kitPage = await freshBrowser.newPage();
  await openKit(kitPage, server);
  const cdp = await freshBrowser.newBrowserCDPSession();
  const crashGpu = async (): Promise<void> => {
    // The answer never comes when the process that would give it is gone.
    void cdp.send("Browser.crashGpuProcess" as never).catch(() => undefined);
    await kitPage.waitForTimeout(1500);
  };
  const seen = await kitPage.evaluateHandle(() => window.kit.observe());
  const caption = (): Promise<{ text: string; device: string }> =>
    seen.evaluate(
      async ({ vlm }, { scene, short }) => {
        const { text, device } = await vlm.caption(scene, short);
        return { text, device };
      },
      { scene: SCENE, short: SHORT },
    );

  const before = await caption();
  expect(before.device).toBe("webgpu");

  await crashGpu();
  const afterOne = await caption();
  expect(afterOne).toEqual(before);

  await crashGpu();
  const afterTwo = await caption();
  expect(afterTwo.device).toBe("wasm");
  expect(afterTwo.text).not.toBe("");

  const { events, metrics } = await seen.evaluate(({ events, metrics }) => ({ events, metrics }));
  expect(events.filter(({ type }) => type === "worker-restarted")).toHaveLength(2);
  expect(events).toContainEqual({
    type: "device-fallback",
    fallback: expect.objectContaining({
      device: "webgpu",
      to: "wasm",
      reason: "gpu-unstable",
    }) as unknown,
  });
  expect(metrics.filter(({ name }) => name === "vlm.device.lost")).toHaveLength(2);
});

test("a call that runs when the GPU is lost is repeated and answered", async ({
  freshBrowser,
  server,
}) => {
  test.setTimeout(240_000);
  const kitPage = await freshBrowser.newPage();
  await openKit(kitPage, server);
  const cdp = await freshBrowser.newBrowserCDPSession();
  const answer = await kitPage.evaluateHandle(async (scene) => {
    const { vlm } = await window.kit.observe();
    const asked = { image: scene, prompt: "Describe this image.", maxNewTokens: 6, cache: false };
    const events = vlm.generate(asked);
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.type === "image-ready") break; // The vision encoder runs now.
    }
    return {
      device: () => vlm.device,
      text: (async () => {
        for (let next = await events.next(); !next.done; next = await events.next()) {
          if (next.value.type === "done") return next.value.result.text;
        }
        return "";
      })(),
    };
  }, SCENE);
  void cdp.send("Browser.crashGpuProcess" as never).catch(() => undefined);
  expect(await answer.evaluate(({ text }) => text)).not.toBe("");
  expect(await answer.evaluate(({ device }) => device())).toBe("webgpu");
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
test(BOTH_RUNTIMES, { tag: EXHAUSTIVE_TAG }, async ({ kitPage }) => {
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
});
