/**
 * Playwright's `Page` and `BrowserContext`, as far as the tests use them, on a browser that Playwright does not drive here. A
 * test that asks for another part fails and says so; it is marked as one that only Chromium runs (`tools/tested-engine.ts`).
 */

import { setTimeout as wait } from "node:timers/promises";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import type { Engine, EngineContext, EngineWindow } from "./engine.ts";
import { pressKey, typeText } from "./input.ts";
import type { RequestListener, RouteHandler } from "./internet.ts";
import { compare, createFinders } from "./locator.ts";
import {
  call,
  callAndKeep,
  DEFAULT_TIMEOUT_MS,
  LONGEST_DELAY_MS,
  notImitated,
  restrict,
  type Work,
} from "./page-calls.ts";
import { installClock, runClockFor } from "./page-clock.ts";
import { RECORD, TAKE_LINES, type ConsoleLine } from "./page-console.ts";
import { waitForDownload, waitForFileChooser } from "./page-events.ts";

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

function toPage(
  window: EngineWindow,
  downloads: string,
  context: () => BrowserContext,
  onClose: () => void,
): Page {
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
  /** For locators: a test may use nothing else after its page complained. */
  const heard: EngineWindow = {
    ...window,
    async evaluate(expression) {
      const result = await window.evaluate(expression);
      await hear();
      return result;
    },
  };
  const waitForFunction = async (
    work: Work,
    argument?: unknown,
    { timeout = DEFAULT_TIMEOUT_MS } = {},
  ): Promise<void> => {
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
  };
  const page = {
    ...createFinders(heard),
    context,
    /** Playwright's `expect` asks for both. */
    _apiName: "Page",
    mainFrame: () => ({
      _expect: (expression: string, options: Parameters<typeof compare>[3]) =>
        compare(heard, undefined, expression, options),
    }),
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
    waitForFunction,
    waitForURL: (pattern: RegExp) =>
      waitForFunction(({ source, flags }) => new RegExp(source, flags).test(location.href), {
        source: pattern.source,
        flags: pattern.flags,
      }),
    waitForEvent(event: string) {
      if (event === "filechooser") return waitForFileChooser(window);
      if (event === "download") return waitForDownload(downloads);
      throw new Error(notImitated(`page.waitForEvent("${event}")`));
    },
    keyboard: {
      async press(key: string) {
        await window.bringToFront();
        await pressKey(window, key);
      },
      async type(text: string) {
        await window.bringToFront();
        await typeText(window, text);
      },
    },
    setViewportSize: ({ width, height }: { width: number; height: number }) =>
      window.resize(width, height),
    waitForTimeout: (ms: number) => wait(ms),
    clock: {
      /** Of this document, from now on. It stands still until a test lets it go on. */
      install: () => evaluate(installClock),
      runFor: (ms: number) => evaluate(runClockFor, ms),
      async pauseAt(time: number) {
        await evaluate(runClockFor, time - ((await evaluate(() => Date.now())) as number));
      },
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

function toContext(
  engine: EngineContext,
  internet: Engine["internet"],
  browser: () => Browser,
): BrowserContext {
  const scripts: string[] = [];
  const windows = new Set<EngineWindow>();
  const ends: (() => void)[] = [];
  const pages: Page[] = [];
  const context = {
    browser,
    pages: () => [...pages],
    async newPage() {
      const window = await engine.openWindow();
      windows.add(window);
      for (const script of scripts) await window.addInitScript(script);
      const page = toPage(
        window,
        engine.downloads,
        () => self,
        () => {
          windows.delete(window);
          pages.splice(pages.indexOf(page), 1);
        },
      );
      pages.push(page);
      return page;
    },
    async addInitScript(work: Work, argument?: unknown) {
      const script = toScript(work, argument);
      scripts.push(script);
      for (const window of windows) await window.addInitScript(script);
    },
    setOffline: (isOffline: boolean) => engine.setOffline(isOffline),
    /** Of other machines. */
    route(pattern: RegExp, handler: RouteHandler) {
      ends.push(internet.route(pattern, handler));
      return Promise.resolve();
    },
    /** Of requests to other machines. */
    on(event: string, listener: RequestListener) {
      if (event !== "request") throw new Error(notImitated(`context.on("${event}")`));
      ends.push(internet.hear(listener));
      return self;
    },
    /** The engines are started with what the tests ask for. */
    grantPermissions(names: readonly string[]) {
      const other = names.find((name) => !name.startsWith("clipboard-"));
      if (other !== undefined) throw new Error(notImitated(`permission "${other}"`));
      return Promise.resolve();
    },
    /** Playwright's `expect` asks for them. */
    _options: {},
    async close() {
      for (const end of ends) end();
      await engine.close();
    },
  };
  const self = restrict(context, "context") as unknown as BrowserContext;
  return self;
}

/** Playwright's `Browser`, as far as the tests use it. */
export function toBrowser(engine: Engine): Browser {
  const newContext = async () => toContext(await engine.openContext(), engine.internet, () => self);
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
