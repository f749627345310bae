/** Visits an app in a browser, asks for each of its files once more, and opens it without a network. */

import type { Browser, BrowserContext, Page } from "playwright-core";
import type {
  Observation,
  ObservedFile,
  OfflineState,
  PageState,
  Problem,
} from "../observation.ts";
import { askFile } from "./ask-file.ts";
import { askKit, askPage, askServiceWorker } from "./ask-page.ts";
import { kindOfFile } from "./kind-of-file.ts";
import { watchPage, type PageLog } from "./watch-page.ts";

export interface ObserveOptions {
  /** A button that is clicked when the page is there, such as one that loads the model. */
  readonly click?: string;
  /** More files of the app to ask for, such as weights; relative to the page. */
  readonly files?: readonly string[];
  /** How long to wait until the page asks for nothing more, in milliseconds. Default 15,000. */
  readonly waitMs?: number;
}

const OPEN_MS = 30_000;
const PARALLEL = 6;

export async function observe(
  browser: Browser,
  url: string,
  options: ObserveOptions = {},
): Promise<Observation> {
  const context = await browser.newContext();
  try {
    return await observeIn(context, url, options);
  } finally {
    await context.close();
  }
}

async function observeIn(
  context: BrowserContext,
  url: string,
  { click, files = [], waitMs = 15_000 }: ObserveOptions,
): Promise<Observation> {
  const none: OfflineState = { serviceWorker: "none", reload: undefined };
  const page = await context.newPage();
  const log = watchPage(page);
  const failure = await open(page, url);
  if (failure !== undefined) {
    return { url, page: undefined, failure, files: [], problems: log.problems, offline: none };
  }
  if (click !== undefined) await page.click(click, { timeout: OPEN_MS });
  await untilQuiet(page, waitMs);
  const state: PageState = {
    ...(await page.evaluate(askPage)),
    url: page.url(),
    kit: await page.evaluate(askKit, waitMs),
    workers: log.workers,
  };
  const problems = [...log.problems];
  const requested = new Map(log.requested);
  for (const file of files) {
    const full = new URL(file, page.url()).href;
    if (!requested.has(full)) requested.set(full, "fetch");
  }
  const { state: serviceWorker, scripts } = await page.evaluate(askServiceWorker, waitMs);
  const observed = await askFiles(page.url(), requested, new Set(scripts));
  const reload =
    serviceWorker === "active"
      ? await openOffline(context, page.url(), problems, waitMs)
      : undefined;
  return {
    url,
    page: state,
    failure: undefined,
    files: observed,
    problems,
    offline: { serviceWorker, reload },
  };
}

/** @returns why the page is not there */
async function open(page: Page, url: string): Promise<string | undefined> {
  try {
    const response = await page.goto(url, { timeout: OPEN_MS, waitUntil: "load" });
    if (response && !response.ok()) return `status ${String(response.status())}`;
    return undefined;
  } catch (error) {
    return /net::\w+|Timeout \d+ms/.exec(String(error))?.[0] ?? String(error);
  }
}

async function untilQuiet(page: Page, waitMs: number): Promise<void> {
  // A page that always asks for something is looked at as it is then.
  await page.waitForLoadState("networkidle", { timeout: waitMs }).catch(() => undefined);
}

async function askFiles(
  pageUrl: string,
  requested: ReadonlyMap<string, string>,
  serviceWorkers: ReadonlySet<string>,
): Promise<ObservedFile[]> {
  const { origin } = new URL(pageUrl);
  const urls = new Set([pageUrl.split("#")[0]!, ...requested.keys()]);
  for (const script of serviceWorkers) urls.add(script);
  const left = [...urls];
  const files: ObservedFile[] = [];
  const askNext = async (): Promise<void> => {
    for (let url = left.shift(); url !== undefined; url = left.shift()) {
      const kind =
        url === pageUrl.split("#")[0]
          ? "page"
          : serviceWorkers.has(url)
            ? "service-worker"
            : kindOfFile(url, requested.get(url) ?? "");
      const isOwn = new URL(url).origin === origin;
      const from = isOwn ? {} : { origin };
      const isModel = kind === "weights" || kind === "model";
      files.push({
        url,
        kind,
        isOwn,
        whole: await askFile(url, from),
        range: isModel ? await askFile(url, { ...from, range: true }) : undefined,
      });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, askNext));
  return files.sort((a, b) => (a.url < b.url ? -1 : 1));
}

/** Opens the page in a fresh tab, without a network. */
async function openOffline(
  context: BrowserContext,
  url: string,
  known: readonly Problem[],
  waitMs: number,
): Promise<OfflineState["reload"]> {
  await context.setOffline(true);
  const page = await context.newPage();
  const failed = new Set<string>();
  const log: PageLog = watchPage(page);
  page.on("requestfailed", (request) => {
    if (request.failure()?.errorText !== "net::ERR_ABORTED") failed.add(request.url());
  });
  const failure = await open(page, url);
  if (failure === undefined) await untilQuiet(page, waitMs);
  // What goes wrong with a network too says nothing of the visit without one.
  const before = new Set(known.map(({ message }) => message));
  const isBroken = log.problems.some(
    ({ type, message }) => type === "exception" && !before.has(message),
  );
  const isShown = failure === undefined && !isBroken;
  await page.close();
  return { isShown, failed: [...failed].map((one) => one.split("?")[0]!) };
}
