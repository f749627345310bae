/** What `health()` and `stats()` say in a real browser, before and after a worker has died. */

import { otherEngine } from "../tools/tested-engine.ts";
import { expect, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";

test("health() says what is well, checks the device when asked, and notices a dead worker; stats() counts", async ({
  kitPage,
}) => {
  const { deep, dead, disposed, stats, checks } = await kitPage.evaluate(async (scene) => {
    const { failureOf, observe } = window.kit;
    const { vlm, workers, metrics } = await observe({ device: "wasm" });
    await vlm.caption(scene);
    await vlm.caption(scene);
    await failureOf(() => vlm.caption("/no-such-picture.png"));
    metrics.length = 0;
    const deep = await vlm.health({ deep: true });
    // Metrics come on a port of their own, perhaps after the report.
    const isCheck = ({ name }: { name: string }): boolean => name === "vlm.self_check.duration";
    while (!metrics.some(isCheck)) await new Promise((resolve) => setTimeout(resolve, 20));
    const checks = metrics.filter(isCheck).length;
    workers[0]!.terminate();
    let dead = await vlm.health();
    while (dead.checks["worker:liveness"]![0]!.observedValue === "loaded") {
      await new Promise((resolve) => setTimeout(resolve, 20));
      dead = await vlm.health();
    }
    await vlm.caption(scene, { cache: false });
    const stats = vlm.stats();
    await vlm.dispose();
    return { deep, dead, disposed: await vlm.health(), stats, checks };
  }, SCENE);
  expect(checks).toBe(1);
  expect(deep.status).toBe("pass");
  expect(deep.checks["device:self-check"]![0]!.observedValue).toBeGreaterThan(0);
  // WebKitGTK 2.50 leaves the Blobs in IndexedDB out of what it says is stored.
  const least = otherEngine === "webkit" ? 0 : 1e6;
  expect(deep.checks["storage:usage"]![0]!.observedValue).toBeGreaterThan(least);
  expect(dead.status).toBe("warn");
  expect(dead.checks["model:readiness"]).toMatchObject([{ status: "warn", observedValue: false }]);
  expect(disposed.status).toBe("fail");
  expect(stats).toMatchObject({
    calls: {
      answered: 3,
      cached: 1,
      failed: 1,
      aborted: 0,
      errors: { "image-fetch-failed": 1 },
    },
    latency: { visionMs: { count: 2 }, totalMs: { count: 2 } },
    queue: { depth: 0, refused: 0 },
    worker: { restarts: 1 },
  });
  expect(stats.tokens.perSecond).toBeGreaterThan(0);
  expect(stats.cache.resultHits).toBe(1);
});
