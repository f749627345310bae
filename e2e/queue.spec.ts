/** Calls that wait: their bound, their order, and a worker that ends while nobody calls. */

import { expect, openKit, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";

test("refuses calls beyond maxQueue without fetching for them, and runs background calls last", async ({
  kitPage,
  server,
}) => {
  const { order, refused, waits, depths } = await kitPage.evaluate(async (scene) => {
    const { ask: answer, failureOf, observe } = window.kit;
    const { vlm, metrics } = await observe({ maxQueue: 3 });
    // No quick machine has written it all before the images of the other calls are there.
    const long = { format: { regex: /[a-z ]{2000}/ }, maxNewTokens: 2000 };
    const order: string[] = [];
    const waits: number[] = [];
    const ask = async (name: string, priority: "interactive" | "background") => {
      const image = `${scene}?call=${name}`;
      const request = { image, prompt: "Describe this image.", cache: false, priority };
      const { timings } = await answer(vlm, name === "first" ? { ...request, ...long } : request);
      order.push(name);
      waits.push(timings.queueMs);
    };
    const first = ask("first", "interactive");
    // The others come while the first one runs.
    while (!metrics.some(({ name, value }) => name === "vlm.queue.depth" && value === 0)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const others = [
      ask("later 1", "background"),
      ask("later 2", "background"),
      ask("soon", "interactive"),
    ];
    const refused = await failureOf(() => ask("refused", "interactive"));
    await Promise.all([first, ...others]);
    const depths = metrics.filter(({ name }) => name === "vlm.queue.depth");
    return { order, refused, waits, depths: depths.map(({ value }) => value) };
  }, SCENE);
  expect(order.slice(0, 2)).toEqual(["first", "soon"]);
  // Of calls with the same priority, the one whose image arrives first goes first, and the network decides which that is.
  expect(order.slice(2).sort()).toEqual(["later 1", "later 2"]);
  expect(refused).toMatchObject({ code: "queue-full", details: { reason: "max-queue", limit: 3 } });
  expect((refused.details as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
  const asked = server.log.map(({ query }) => /^\?call=(.+)/.exec(query)?.[1]);
  const fetched = asked.filter((call) => call !== undefined).map(decodeURIComponent);
  expect(fetched.sort()).toEqual(["first", "later 1", "later 2", "soon"]);
  // What a call has waited in the page stands in its result.
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits.at(-1)).toBeGreaterThan(waits[1]!);
  expect(Math.max(...depths)).toBe(3);
  expect(depths.at(-1)).toBe(0);
});

test("a rate of the origin counts the calls of all tabs, also of one that is gone", async ({
  context,
  server,
}) => {
  const callTwice = async (): Promise<(string | undefined)[]> => {
    const page = await context.newPage();
    await openKit(page, server);
    const codes = await page.evaluate(async (scene) => {
      const { failureOf, observe } = window.kit;
      const { vlm } = await observe({ rateLimit: { calls: 3, perMs: 600_000, scope: "origin" } });
      const codes: (string | undefined)[] = [];
      for (let call = 0; call < 2; call++) {
        const failure = failureOf(async () => {
          await vlm.caption(scene, { maxNewTokens: 1, cache: false });
          throw new Error("It was answered.");
        });
        codes.push((await failure).code);
      }
      await vlm.dispose();
      return codes;
    }, SCENE);
    await page.close();
    return codes;
  };
  expect(await callTwice()).toEqual([undefined, undefined]);
  expect(await callTwice()).toEqual([undefined, "queue-full"]);
});

test("an idle worker ends, and the next call starts another from what is stored", async ({
  kitPage,
}) => {
  const { before, after, events, workers, atWork, downloaded } = await kitPage.evaluate(
    async (scene) => {
      const { observe } = window.kit;
      const { vlm, workers, events, metrics } = await observe({
        device: "wasm",
        unloadAfterMs: 300,
      });
      const ask = async () => (await vlm.caption(scene, { cache: false })).text;
      // A worker holds a Web Lock while it lives.
      const locks = async () =>
        ((await navigator.locks.query()).held ?? []).filter(({ name }) =>
          name?.startsWith("fastvlm-kit.worker."),
        ).length;
      // Its time without calls begins after the answer.
      const asked = ask();
      const atWork = await locks();
      const before = await asked;
      while (!events.some(({ type }) => type === "worker-unloaded")) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      while ((await locks()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      metrics.length = 0;
      const after = await ask();
      const downloaded = metrics.some(({ name }) => name === "vlm.model.download.bytes");
      return { before, after, events, workers: workers.length, atWork, downloaded };
    },
    SCENE,
  );
  expect(after).toBe(before);
  expect({ workers, atWork, downloaded }).toEqual({ workers: 2, atWork: 1, downloaded: false });
  expect(events).toContainEqual({ type: "worker-unloaded", reason: "idle" });
  expect(events.map(({ type }) => type)).not.toContain("worker-restarted");
});
