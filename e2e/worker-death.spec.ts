/** A worker that dies, at any stage: calls in flight reject within a second of its end, and the next gets a fresh worker. */

import { expect, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";

test("says that a worker script is missing", async ({ kitPage }) => {
  const error = await kitPage.evaluate(async () => {
    const { observe, timedFailureOf } = window.kit;
    return timedFailureOf(() =>
      observe({ worker: () => new Worker("/no-such-worker.js", { type: "module" }) }),
    );
  });
  expect(error).toMatchObject({
    code: "start-failed",
    details: { phase: "script", reason: "script-missing", status: 404 },
  });
  expect(error.milliseconds).toBeLessThan(5000);
});

test("rejects the start when the worker dies while it loads", async ({ kitPage }) => {
  const error = await kitPage.evaluate(async () => {
    const { createWorker, failureOf, observe } = window.kit;
    let worker: Worker | undefined;
    return failureOf(() =>
      observe({
        device: "wasm",
        worker: () => (worker = createWorker()),
        onProgress: () => worker?.terminate(),
      }),
    );
  });
  expect(error).toMatchObject({ code: "worker-crashed", details: { phase: "load" } });
});

for (const stage of ["queued", "image-ready", "text-delta"] as const) {
  test(`rejects a call whose worker dies at ${stage}; the next call gets a fresh one`, async ({
    kitPage,
  }) => {
    const { error, workers, events, text } = await kitPage.evaluate(
      async ({ scene, stage }) => {
        const { failureOf, observe } = window.kit;
        const { vlm, workers, events } = await observe();
        let endedAt: Promise<number> | undefined;
        /** When a worker that was ended is gone: Chromium lets its task run for up to two seconds more. */
        const goneAt = async (): Promise<number> => {
          for (;;) {
            const { held = [] } = await navigator.locks.query();
            if (!held.some(({ name }) => name?.startsWith("fastvlm-kit.worker."))) break;
          }
          return performance.now();
        };
        const error = await failureOf(async () => {
          for await (const event of vlm.generate({
            image: scene,
            prompt: "Describe this image in detail.",
            // No quick machine has written it all when its first words arrive.
            format: { regex: /[a-z ]{300}/ },
            maxNewTokens: 300,
          })) {
            if (event.type !== stage || endedAt) continue;
            workers[0]!.terminate();
            endedAt = goneAt();
          }
        });
        const rejectedAt = performance.now();
        const milliseconds = rejectedAt - (await endedAt!);
        const { text } = await vlm.caption(scene);
        return { error: { ...error, milliseconds }, workers: workers.length, events, text };
      },
      { scene: SCENE, stage },
    );
    expect(error).toMatchObject({ code: "worker-crashed", details: { phase: "generate" } });
    expect(error.milliseconds).toBeLessThan(1000);
    expect(workers).toBe(2);
    expect(events).toContainEqual({ type: "worker-restarted", reason: "worker-crashed" });
    expect(text).not.toBe("");
  });
}

test("replaces a worker that died between two calls without a call noticing", async ({
  kitPage,
}) => {
  const { workers, text } = await kitPage.evaluate(async (scene) => {
    const { vlm, workers } = await window.kit.observe();
    // A worker holds a Web Lock while it lives.
    const areAlive = async (): Promise<boolean> =>
      ((await navigator.locks.query()).held ?? []).some(({ name }) =>
        name?.startsWith("fastvlm-kit.worker."),
      );
    while (!(await areAlive())) await new Promise((resolve) => setTimeout(resolve, 20));
    workers[0]!.terminate();
    while (await areAlive()) await new Promise((resolve) => setTimeout(resolve, 20));
    return { text: (await vlm.caption(scene)).text, workers: workers.length };
  }, SCENE);
  expect(workers).toBe(2);
  expect(text).not.toBe("");
});

test("dispose ends calls in flight and refuses later ones", async ({ kitPage }) => {
  const { inFlight, later } = await kitPage.evaluate(async (scene) => {
    const { createFaultyWorker, failureOf, observe } = window.kit;
    // It gets no further than its first image: no quick machine has answered before `dispose`.
    const { vlm } = await observe({ worker: () => createFaultyWorker("stuck-encoder") });
    const inFlight = failureOf(() => vlm.caption(scene, { cache: false }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    // Safari has no such symbol.
    const hasSymbol = typeof Symbol.asyncDispose === "symbol";
    await (hasSymbol ? vlm[Symbol.asyncDispose]() : vlm.dispose());
    return { inFlight: await inFlight, later: await failureOf(() => vlm.caption(scene)) };
  }, SCENE);
  expect(inFlight).toMatchObject({ name: "InvalidStateError", isDomException: true });
  expect(later).toMatchObject({ name: "InvalidStateError", isDomException: true });
});

test("an exception in a host's callback never reaches inference", async ({ kitPage }) => {
  const { text, reported } = await kitPage.evaluate(async (scene) => {
    let reported = 0;
    window.addEventListener("error", (event) => {
      event.preventDefault();
      reported += 1;
    });
    const fail = () => {
      throw new Error("the app's own bug");
    };
    const { vlm } = await window.kit.observe({ onMetric: fail, onProgress: fail, onEvent: fail });
    return { text: (await vlm.caption(scene)).text, reported };
  }, SCENE);
  expect(text).not.toBe("");
  expect(reported).toBeGreaterThan(3);
});
