/** `share: "tabs"`: one worker for all tabs of an origin, and what happens to the others when its tab ends. */

import type { BrowserContext, JSHandle, Page } from "@playwright/test";
import type { VlmEvent } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG, isExhaustive } from "../tools/exhaustive.ts";
import { crash, expect, freeze, openKit, test, thaw } from "./fixtures.ts";
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

/** Timers of hidden tabs, as all tabs of these tests are, come once a second. A page that is busy is noticed by two of them. */
const NOTICED_MS = 2500;

const ENDS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  "is closed": (page) => page.close(),
  crashes: crash,
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
      const tabs = [1, 2, 3].map(() => openTab(context, server));
      const open = new Map<Tab, JSHandle<Outcome[]>>();
      const start = async (tab: Tab): Promise<void> => {
        open.set(tab, await keepCaptioning(tab));
      };
      for (const tab of await Promise.all(tabs)) await start(tab);
      for (let moment = 0; moment < (isExhaustive ? 10 : 1); moment++) {
        const leader = await findLeader([...open.keys()]);
        await leader.page.waitForTimeout(500 + Math.random() * 1500);
        const endedAt = Date.now();
        await end(leader.page);
        const calls = open.get(leader)!;
        open.delete(leader);
        const isBusy = what === "is busy for long";
        await expectToGoOn([...open.values()], endedAt, isBusy ? NOTICED_MS : WITHIN_MS);
        const stays = what === "is frozen" || isBusy;
        if (what === "is frozen") await thaw(leader.page);
        // It stood still, and now it is a tab like the others.
        if (stays) await expectAnswers(calls, Date.now());
        if (stays) open.set(leader, calls);
        else await start(await openTab(context, server));
      }
    },
  );
}

async function findLeader(tabs: readonly Tab[]): Promise<Tab> {
  const seen = await Promise.all(tabs.map((tab) => tab.seen()));
  const leaders = tabs.filter((_, index) => seen[index]!.roles.at(-1) === "leader");
  expect(leaders).toHaveLength(1);
  return leaders[0]!;
}

/** Two calls of a tab are answered after this moment. */
async function expectAnswers(outcomes: JSHandle<Outcome[]>, after: number): Promise<void> {
  await expect
    .poll(async () => {
      const all = await outcomes.jsonValue();
      return all.filter(({ text, endedAt }) => text !== undefined && endedAt > after).length;
    })
    .toBeGreaterThan(1);
}

/** Every call of these tabs is answered rightly or fails with a typed error soon after the end, and later ones are answered. */
async function expectToGoOn(
  running: readonly JSHandle<Outcome[]>[],
  endedAt: number,
  withinMs: number,
): Promise<void> {
  for (const outcomes of running) {
    await expectAnswers(outcomes, endedAt + withinMs);
    for (const { text, code, endedAt: at } of await outcomes.jsonValue()) {
      if (at < endedAt) continue;
      if (text !== undefined) expect(text).toBe(CAPTION);
      else {
        expect(code).toBe("worker-crashed");
        expect(at - endedAt).toBeLessThan(withinMs);
      }
    }
  }
}
