/** `share: "tabs"`: one worker for all tabs of an origin, and what happens to the others when its tab ends. */

import type { BrowserContext, JSHandle, Page } from "@playwright/test";
import type { VlmEvent } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG, isExhaustive } from "../tools/exhaustive.ts";
import { expect, freeze, openKit, test, thaw } from "./fixtures.ts";
import type { Observed } from "./harness/main.ts";
import { CAPTION, SCENE } from "./stored-model.ts";
import type { TestServer } from "./server/test-server.ts";

/** A tab with a client that shares its model. */
interface Tab {
  readonly page: Page;
  readonly client: JSHandle<Observed>;
  caption(scene?: string): Promise<{ text: string; cached: boolean }>;
  /** How many workers the tab started, the roles it took, and how many metrics it got of calls. */
  seen(): Promise<{ workers: number; roles: string[]; calls: number }>;
}

const rolesOf = (events: readonly VlmEvent[]): string[] =>
  events.flatMap((event) => (event.type === "tab-role" ? event.role : []));

/** @param version stands for what differs between two versions of an app: the function that creates its worker */
async function openTab(context: BrowserContext, server: TestServer, version = 1): Promise<Tab> {
  const page = await context.newPage();
  await openKit(page, server);
  const client = await page.evaluateHandle(
    (version) => window.kit.observeShared({ device: "wasm" }, version),
    version,
  );
  return {
    page,
    client,
    caption: (scene = SCENE) =>
      client.evaluate(async ({ vlm }, scene) => {
        const { text, cached } = await vlm.caption(scene);
        return { text, cached };
      }, scene),
    async seen() {
      const { workers, events, metrics } = await client.evaluate((all) => ({
        workers: all.workers.length,
        events: all.events,
        metrics: all.metrics,
      }));
      const calls = metrics.filter(({ name }) => name === "gen_ai.client.operation.duration");
      return { workers, roles: rolesOf(events), calls: calls.length };
    },
  };
}

test("tabs share one worker and what it knows, tabs of another version do not", async ({
  context,
  server,
}) => {
  const first = await openTab(context, server);
  const second = await openTab(context, server);
  const other = await openTab(context, server, 2);
  expect(await first.caption()).toEqual({ text: CAPTION, cached: false });
  expect(await second.caption()).toEqual({ text: CAPTION, cached: true });
  expect(await second.caption("/scenes/scene-02.png")).toMatchObject({ cached: false });
  expect(await first.seen()).toEqual({ workers: 1, roles: ["leader"], calls: 1 });
  expect(await second.seen()).toEqual({ workers: 0, roles: ["follower"], calls: 2 });
  expect(await other.seen()).toEqual({ workers: 1, roles: ["leader"], calls: 0 });
});

test("an abort of one tab ends its call and no other's, whose id is the same", async ({
  context,
  server,
}) => {
  const first = await openTab(context, server);
  const second = await openTab(context, server);
  const askOnce = (tab: Tab, isAborted: boolean) =>
    tab.client.evaluate(
      async ({ vlm }, { scene, isAborted }) => {
        const leave = new AbortController();
        const events = vlm.generate({
          image: scene,
          prompt: "Describe this image in detail.",
          signal: leave.signal,
          cache: false,
        });
        try {
          for await (const event of events) {
            if (event.type === "image-ready" && isAborted) leave.abort();
            if (event.type === "done") return event.result.text;
          }
        } catch (error) {
          return (error as Error).name;
        }
        return "nothing";
      },
      { scene: SCENE, isAborted },
    );
  const [aborted, answered] = await Promise.all([askOnce(second, true), askOnce(first, false)]);
  expect(aborted).toBe("AbortError");
  expect(answered).toMatch(/^The image shows .+\./);
});

/** One call of a tab that captions without end. */
interface Outcome {
  readonly text?: string;
  readonly code?: string | undefined;
  readonly endedAt: number;
}

/** Captions again and again; no answer is remembered. */
const keepCaptioning = (tab: Tab): Promise<JSHandle<Outcome[]>> =>
  tab.client.evaluateHandle(({ vlm }, scene) => {
    const outcomes: Outcome[] = [];
    const go = async (): Promise<void> => {
      for (;;) {
        const outcome = await vlm.caption(scene, { cache: false }).then(
          ({ text }) => ({ text }),
          (error: unknown) => ({ code: (error as { code?: string }).code ?? String(error) }),
        );
        outcomes.push({ ...outcome, endedAt: Date.now() });
      }
    };
    void go();
    return outcomes;
  }, SCENE);

/** A call of a tab whose leader is gone is repeated, or rejected within this time. */
const WITHIN_MS = 2000;

const ENDS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  "is closed": (page) => page.close(),
  crashes: async (page) => {
    const crashed = page.waitForEvent("crash");
    const cdp = await page.context().newCDPSession(page);
    cdp.send("Page.crash").catch(() => undefined); // Never answers.
    await crashed;
  },
  "is frozen": freeze,
  // Its worker goes on, but nothing gets through.
  "is busy for long": (page) => {
    void page.evaluate(() => {
      const end = Date.now() + 6000;
      while (Date.now() < end);
    });
    return Promise.resolve();
  },
};

for (const [what, end] of Object.entries(ENDS)) {
  // To the others, a tab that is closed ends as one that crashes does.
  const tag = what === "crashes" || what === "is frozen" ? [] : EXHAUSTIVE_TAG;
  test(
    `when the tab that runs the model ${what}, the others go on`,
    { tag },
    async ({ launchProfile, server }) => {
      test.setTimeout(240_000);
      const { context } = await launchProfile();
      const moments = isExhaustive ? 4 : 1;
      let leader = await openTab(context, server);
      let others = [await openTab(context, server), await openTab(context, server)];
      for (let moment = 0; moment < moments; moment++) {
        const running = await Promise.all(others.map(keepCaptioning));
        await leader.page.waitForTimeout(500 + Math.random() * 1500);
        const endedAt = Date.now();
        await end(leader.page);
        await expectToGoOn(running, endedAt);
        const seen = await Promise.all(others.map((tab) => tab.seen()));
        expect(seen.filter(({ roles }) => roles.at(-1) === "leader")).toHaveLength(1);
        if (what === "is frozen" || what === "is busy for long") {
          if (what === "is frozen") await thaw(leader.page);
          // It stood still, and now it is a tab like the others.
          expect(await leader.caption()).toMatchObject({ text: CAPTION });
          expect((await leader.seen()).roles.at(-1)).toBe("follower");
        }
        const next = seen.findIndex(({ roles }) => roles.at(-1) === "leader");
        leader = others[next]!;
        others = [others[1 - next]!, await openTab(context, server)];
      }
    },
  );
}

/** Every call of these tabs is answered rightly or fails with a typed error soon after the end, and later ones are answered. */
async function expectToGoOn(
  running: readonly JSHandle<Outcome[]>[],
  endedAt: number,
): Promise<void> {
  for (const outcomes of running) {
    await expect
      .poll(async () => {
        const all = await outcomes.jsonValue();
        return all.filter((one) => one.text !== undefined && one.endedAt > endedAt + WITHIN_MS)
          .length;
      })
      .toBeGreaterThan(1);
    for (const { text, code, endedAt: at } of await outcomes.jsonValue()) {
      if (text !== undefined) expect(text).toBe(CAPTION);
      else {
        expect(code).toBe("worker-crashed");
        expect(at).toBeGreaterThanOrEqual(endedAt);
        expect(at - endedAt).toBeLessThan(WITHIN_MS);
      }
    }
  }
}
