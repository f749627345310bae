/**
 * A Chromium that a test may kill without warning and start again on the same profile, and whose
 * pages it may freeze. Playwright joins it over CDP, since it gives no page that it starts itself
 * leave to be hidden: there the browser answers a freeze with success and does nothing.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { chromium, type BrowserContext, type Page } from "@playwright/test";

export interface BrowserProfile {
  /** The profile's own context; after a start, another one. */
  readonly context: BrowserContext;
  /** Ends the browser and all its processes at once, with SIGKILL: nothing is flushed or closed. */
  kill(): Promise<void>;
  /** Starts the browser again with everything that it had stored. */
  start(): Promise<void>;
  /** Ends the browser and deletes the profile. */
  remove(): Promise<void>;
}

export interface ProfileOptions {
  readonly executablePath: string | undefined;
  readonly args: readonly string[];
  /** The folder to make the profile in. */
  readonly parent: string;
}

type RunningBrowser = Pick<BrowserProfile, "context" | "kill">;

/** Starts a browser on a new profile. */
export async function createProfile(options: ProfileOptions): Promise<BrowserProfile> {
  const folder = await mkdtemp(join(options.parent, "profile-"));
  let running = await startBrowser(folder, options);
  return {
    get context() {
      return running.context;
    },
    kill: () => running.kill(),
    async start() {
      running = await startAgain(folder, options)
        .catch(() => startAgain(folder, options))
        .catch(() => startAgain(folder, options));
    },
    async remove() {
      await running.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Ends the process of a page, as a fault of the browser would. */
export async function crash(page: Page): Promise<void> {
  const crashed = page.waitForEvent("crash");
  const cdp = await page.context().newCDPSession(page);
  cdp.send("Page.crash").catch(() => undefined); // Never answers.
  await crashed;
}

/** Stops everything in a page of a {@link BrowserProfile}, its workers too, as a phone does with tabs. */
export async function freeze(page: Page): Promise<void> {
  await setLifecycleState(page, "frozen");
  if ((await page.evaluate(() => document.visibilityState)) !== "hidden") {
    throw new Error("The page was not frozen. Only pages of launchProfile() can be.");
  }
}

/** Lets a frozen page go on. */
export async function thaw(page: Page): Promise<void> {
  await setLifecycleState(page, "active");
}

async function setLifecycleState(page: Page, state: "frozen" | "active"): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setWebLifecycleState", { state });
  await session.detach();
}

async function startAgain(folder: string, options: ProfileOptions): Promise<RunningBrowser> {
  // They name the process that was killed, and a new one would hand over to it.
  for (const name of await readdir(folder)) {
    if (name.startsWith("Singleton")) await rm(join(folder, name));
  }
  return startBrowser(folder, options);
}

/** About one start in forty, on a profile whose browser was just killed, opens its port and never answers. */
const CONNECT_TIMEOUT_MS = 20_000;

async function startBrowser(
  folder: string,
  { executablePath = chromium.executablePath(), args }: ProfileOptions,
): Promise<RunningBrowser> {
  const child = spawn(
    executablePath,
    ["--headless", `--user-data-dir=${folder}`, "--remote-debugging-port=0", ...args],
    // A process group of its own, which can be killed as one.
    { detached: true, stdio: ["ignore", "ignore", "pipe"] },
  );
  const exited = once(child, "exit");
  const address = await readAddress(child.stderr);
  // A pipe that nobody empties would hold the browser up.
  child.stderr.resume();
  if (address === undefined) {
    throw new Error(`${executablePath} ended before it could be used.`);
  }
  const killGroup = (): void => void process.kill(-child.pid!, "SIGKILL");
  const browser = await chromium
    .connectOverCDP(address, { noDefaults: true, timeout: CONNECT_TIMEOUT_MS })
    .catch(async (error: unknown) => {
      killGroup();
      await exited;
      throw error;
    });
  const disconnected = new Promise<void>((resolve) => {
    browser.once("disconnected", () => {
      resolve();
    });
  });
  return {
    context: browser.contexts()[0]!,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      killGroup();
      await Promise.all([exited, disconnected]);
    },
  };
}

async function readAddress(stderr: Readable): Promise<string | undefined> {
  for await (const line of createInterface(stderr)) {
    const address = /^DevTools listening on (ws:.+)$/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  return undefined;
}
