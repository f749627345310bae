/** One AbortSignal reaches every stage; afterwards the model is still loaded and the next call works. */

import { expect, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";
const ABORTED = { name: "AbortError", isDomException: true };

test("aborts a download, and a later start works", async ({ kitPage, server }) => {
  server.faults.push({ path: "vision_encoder", kind: "stall" });
  const stopper = await kitPage.evaluateHandle(() => new AbortController());
  const failing = kitPage.evaluate(async ({ signal }) => {
    const error = await window.kit.failureOf(() => window.kit.observe({ signal }));
    return { ...error, endedAt: performance.now() };
  }, stopper);
  const wasAsked = () => server.requests.some((path) => path.includes("vision_encoder"));
  await expect.poll(wasAsked).toBe(true);
  const abortedAt = await stopper.evaluate((controller) => {
    controller.abort();
    return performance.now();
  });
  const error = await failing;
  expect(error).toMatchObject(ABORTED);
  expect(error.endedAt - abortedAt).toBeLessThan(1000);

  server.faults.length = 0;
  const text = await kitPage.evaluate(
    async (scene) => (await (await window.kit.observe()).vlm.caption(scene)).text,
    SCENE,
  );
  expect(text).not.toBe("");
});

test("aborts session creation and ends its worker", async ({ kitPage }) => {
  const error = await kitPage.evaluate(async () => {
    const { observe, failureOf } = window.kit;
    const controller = new AbortController();
    const onProgress = ({
      loadedBytes,
      totalBytes,
    }: {
      loadedBytes: number;
      totalBytes: number;
    }) => {
      if (loadedBytes === totalBytes) controller.abort(); // All files are there: sessions follow.
    };
    return failureOf(() => observe({ signal: controller.signal, onProgress }));
  });
  expect(error).toMatchObject(ABORTED);
});

test("aborts a call that waits in the queue and leaves the one before it alone", async ({
  loadedPage,
}) => {
  const { error, first } = await loadedPage.evaluate(async (scene) => {
    const { ask, failureOf, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const controller = new AbortController();
    const running = ask(vlm, {
      image: scene,
      prompt: "Describe this image in detail.",
      cache: false,
    });
    const waiting = failureOf(() => vlm.caption(scene, { signal: controller.signal }));
    controller.abort();
    return { error: await waiting, first: await running };
  }, SCENE);
  expect(error).toMatchObject(ABORTED);
  expect(first.text).not.toBe("");
});

for (const stage of ["image-ready", "text-delta"] as const) {
  test(`aborts at ${stage}, keeps the model loaded, and the next call works`, async ({
    loadedPage,
  }) => {
    const { error, workers, text } = await loadedPage.evaluate(
      async ({ scene, stage }) => {
        const { failureOf, observeLoaded } = window.kit;
        const { vlm, workers } = await observeLoaded();
        const controller = new AbortController();
        const error = await failureOf(async () => {
          const request = {
            image: scene,
            prompt: "Describe this image in detail.",
            signal: controller.signal,
          };
          for await (const event of vlm.generate(request))
            if (event.type === stage) controller.abort();
        });
        return { error, workers: workers.length, text: (await vlm.caption(scene)).text };
      },
      { scene: SCENE, stage },
    );
    expect(error).toMatchObject(ABORTED);
    expect(workers).toBe(1);
    expect(text).not.toBe("");
  });
}

test("rejects with the signal's own reason", async ({ loadedPage }) => {
  const error = await loadedPage.evaluate(async (scene) => {
    const { failureOf, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    return failureOf(() =>
      vlm.caption(scene, { signal: AbortSignal.abort(new RangeError("enough")) }),
    );
  }, SCENE);
  expect(error).toMatchObject({ name: "RangeError", message: "enough" });
});

test("leaving the loop cancels the call", async ({ loadedPage }) => {
  const text = await loadedPage.evaluate(async (scene) => {
    const { vlm } = await window.kit.observeLoaded();
    for await (const event of vlm.generate({ image: scene, prompt: "Describe this image." })) {
      if (event.type === "text-delta") break;
    }
    return (await vlm.caption(scene)).text;
  }, SCENE);
  expect(text).not.toBe("");
});

test("stops inference that takes longer than timeoutMs, and the next call works", async ({
  loadedPage,
}) => {
  const { error, text } = await loadedPage.evaluate(async (scene) => {
    const { ask, failureOf, fetchBlob, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const image = await fetchBlob(scene);
    const error = await failureOf(() =>
      ask(vlm, {
        image,
        prompt: "Describe this image in detail.",
        cache: false,
        // No machine writes so much in so little time.
        format: { regex: /[a-z ]{2000}/ },
        maxNewTokens: 2000,
        timeoutMs: 50,
      }),
    );
    return { error, text: (await vlm.caption(scene)).text };
  }, SCENE);
  expect(error).toMatchObject({ code: "timeout", details: { timeoutMs: 50 } });
  expect(error.details).not.toMatchObject({ stage: "source" });
  expect(text).not.toBe("");
});
