/**
 * Playwright's `Page` and `BrowserContext`, as far as the tests use them, on a browser that Playwright does not drive here. A
 * test that asks for another part fails and says so; it is marked as one that only Chromium runs (`tools/tested-engine.ts`).
 */

import { setTimeout as wait } from "node:timers/promises";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import type { Engine, EngineContext, EngineWindow } from "./engine.ts";
import { createAgent, type Outcome } from "./page-agent.ts";
import { installClock, runClockFor } from "./page-clock.ts";
import { RECORD, TAKE_LINES, type ConsoleLine } from "./page-console.ts";
import { decode, encode, type HandleName } from "./values.ts";

type Work = string | ((...values: never[]) => unknown);

/** Playwright's time for `waitForFunction` and navigations. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Asks often at first: most calls end at once. */
const FIRST_DELAY_MS = 2;
const LONGEST_DELAY_MS = 50;

/** One name for the agent in every page. Its text comes with each call, since a navigation ends it. */
const AGENT = `(globalThis[Symbol.for("test-agent")] ??= (${String(createAgent)})(${String(encode)}, ${String(decode)}))`;
const EXISTING_AGENT = `globalThis[Symbol.for("test-agent")]`;
const LOST = JSON.stringify({ state: "lost" } satisfies Outcome);

/** Unique in this process, so that no document answers for the one before it. */
let lastCall = 0;

/** A value that stays in the page: Playwright's `JSHandle`. */
class Handle {
  readonly name: HandleName;
  readonly #window: EngineWindow;

  constructor(window: EngineWindow, name: HandleName) {
    this.name = name;
    this.#window = window;
  }

  evaluate(work: Work, argument?: unknown): Promise<unknown> {
    return call(this.#window, work, [this], argument);
  }

  evaluateHandle(work: Work, argument?: unknown): Promise<Handle> {
    return callAndKeep(this.#window, work, [this], argument);
  }

  jsonValue(): Promise<unknown> {
    return this.evaluate((value: unknown) => value);
  }

  /** The values of a page end with its document. */
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

async function call(
  window: EngineWindow,
  work: Work,
  own: readonly Handle[],
  argument: unknown,
): Promise<unknown> {
  const { value } = await finish(window, begin(work, own, argument, false));
  return decode(value, () => undefined);
}

async function callAndKeep(
  window: EngineWindow,
  work: Work,
  own: readonly Handle[],
  argument: unknown,
): Promise<Handle> {
  const begun = begin(work, own, argument, true);
  await finish(window, begun);
  return new Handle(window, { handle: begun.id });
}

interface Begun {
  readonly id: number;
  readonly expression: string;
}

function begin(work: Work, own: readonly Handle[], argument: unknown, keep: boolean): Begun {
  const id = ++lastCall;
  const nameOf = (value: object) => (value instanceof Handle ? value.name : undefined);
  const values = JSON.stringify(encode([own, argument], nameOf));
  const source = `(${String(work)}\n)`;
  const beginning = `${AGENT}.begin(${String(id)}, ${source}, ${values}, ${String(keep)})`;
  return { id, expression: `(${beginning}, "")` };
}

async function finish(
  window: EngineWindow,
  { id, expression }: Begun,
): Promise<{ value: unknown }> {
  await window.evaluate(expression);
  const take = `${EXISTING_AGENT} ? ${EXISTING_AGENT}.take(${String(id)}) : ${JSON.stringify(LOST)}`;
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(LONGEST_DELAY_MS, delay * 2)) {
    const outcome = JSON.parse(await window.evaluate(take)) as Outcome;
    switch (outcome.state) {
      case "done":
        return outcome;
      case "failed":
        throw new Error(`page.evaluate: ${outcome.message}`);
      case "lost":
        throw new Error("page.evaluate: Execution context was destroyed");
      case "running":
        await wait(delay);
    }
  }
}

/** A script for `addInitScript`. */
function toScript(work: Work | { readonly content: string }, argument: unknown): string {
  if (typeof work === "object") return work.content;
  if (typeof work === "string") return work;
  return `(${String(work)})(${argument === undefined ? "" : JSON.stringify(argument)});`;
}

/** In the documents to come, and in this one from now on. */
async function startRecording(window: EngineWindow): Promise<void> {
  await window.addInitScript(RECORD);
  await window.evaluate(`(${RECORD}, "")`);
}

function toPage(window: EngineWindow, context: () => BrowserContext, onClose: () => void): Page {
  let address = "about:blank";
  const listeners: ((line: ConsoleLine) => void)[] = [];
  let recording: Promise<void> = Promise.resolve();
  const hear = async (): Promise<void> => {
    if (listeners.length === 0) return;
    await recording;
    const lines = JSON.parse(await window.evaluate(TAKE_LINES)) as ConsoleLine[];
    for (const line of lines) for (const listener of listeners) listener(line);
  };
  const evaluate = async (work: Work, argument?: unknown): Promise<unknown> => {
    await recording;
    const result = await call(window, work, [], argument);
    await hear();
    return result;
  };
  const page = {
    context,
    url: () => address,
    /** Listeners are called after the next call of the page. */
    on(event: string, listener: (value: unknown) => void) {
      if (event !== "console" && event !== "pageerror")
        throw new Error(notImitated(`page.on("${event}")`));
      if (listeners.length === 0) recording = startRecording(window);
      listeners.push(({ type, text }) => {
        const isError = type === "pageerror";
        if (event === "pageerror" && isError) listener(new Error(text));
        if (event === "console" && !isError) listener({ type: () => type, text: () => text });
      });
      return page;
    },
    async goto(url: string) {
      await hear();
      await window.goto(url);
      address = url;
      return null;
    },
    async reload() {
      await hear();
      await window.reload();
      return null;
    },
    evaluate,
    evaluateHandle: (work: Work, argument?: unknown) => callAndKeep(window, work, [], argument),
    title: () => evaluate("document.title"),
    async waitForFunction(work: Work, argument?: unknown, { timeout = DEFAULT_TIMEOUT_MS } = {}) {
      const deadline = Date.now() + timeout;
      // A navigation may be under way.
      while (!(await evaluate(work, argument).catch(() => false))) {
        if (timeout > 0 && Date.now() > deadline) {
          throw new Error(
            `page.waitForFunction: Timeout ${String(timeout)}ms exceeded: ${String(work)}`,
          );
        }
        await wait(LONGEST_DELAY_MS);
      }
    },
    waitForTimeout: (ms: number) => wait(ms),
    clock: {
      /** Of this document, from now on. */
      install: () => evaluate(installClock),
      runFor: (ms: number) => evaluate(runClockFor, ms),
    },
    addInitScript: (work: Work, argument?: unknown) =>
      window.addInitScript(toScript(work, argument)),
    bringToFront: () => window.bringToFront(),
    async close() {
      await window.close();
      onClose();
    },
  };
  return restrict(page, "page") as unknown as Page;
}

function toContext(engine: EngineContext, browser: () => Browser): BrowserContext {
  const scripts: string[] = [];
  const pages: Page[] = [];
  const context = {
    browser,
    pages: () => [...pages],
    async newPage() {
      const window = await engine.openWindow();
      for (const script of scripts) await window.addInitScript(script);
      const page = toPage(
        window,
        () => self,
        () => pages.splice(pages.indexOf(page), 1),
      );
      pages.push(page);
      return page;
    },
    /** For the pages that are opened after it. */
    addInitScript(work: Work, argument?: unknown) {
      scripts.push(toScript(work, argument));
      return Promise.resolve();
    },
    setOffline: (isOffline: boolean) => engine.setOffline(isOffline),
    close: () => engine.close(),
  };
  const self = restrict(context, "context") as unknown as BrowserContext;
  return self;
}

/** Playwright's `Browser`, as far as the tests use it. */
export function toBrowser(engine: Engine): Browser {
  const newContext = async () => toContext(await engine.openContext(), () => self);
  const browser = {
    version: () => engine.version,
    newContext,
    /** A page that ends with its context. */
    async newPage() {
      const context = await newContext();
      const page = await context.newPage();
      return new Proxy(page, {
        get: (target, name) =>
          name === "close" ? () => context.close() : (Reflect.get(target, name) as unknown),
      });
    },
    close: () => engine.close(),
  };
  const self = restrict(browser, "browser") as unknown as Browser;
  return self;
}

const notImitated = (what: string): string =>
  `Only Chromium is driven with all of Playwright: there is no ${what} here`;

/** Says of what is not imitated that it is not, instead of "is not a function". */
function restrict<Imitation extends object>(imitation: Imitation, name: string): Imitation {
  return new Proxy(imitation, {
    get(target, key) {
      // A promise asks whether it was given another one.
      if (typeof key === "symbol" || key === "then" || key in target) {
        return Reflect.get(target, key) as unknown;
      }
      throw new Error(notImitated(`${name}.${key}`));
    },
  });
}
