/** What the tests of all apps get: the app, installed once for a file of tests, and servers that end with the test. */

import { join } from "node:path";
import { test as base, expect, type Page } from "@playwright/test";
import { readScenes, SCENES_FOLDER, type Scene } from "../fixtures.ts";
import { startTestServer, type TestServer } from "../server/test-server.ts";
import { installApp, timed, type App } from "./app.ts";

interface Settings {
  /** The folder of the app's sources, beside this file. */
  readonly appName: string;
  readonly app: App;
}

interface ServeOptions {
  /** Sends the headers of cross-origin isolation. */
  readonly isIsolated?: boolean;
  /** Where the folder is on the server. */
  readonly base?: string;
}

interface Fixtures {
  /** Runs a script of the app's package.json. */
  readonly runScript: (name: string, ...args: string[]) => Promise<void>;
  /** Serves a folder of the app, as a host of static files does. */
  readonly serve: (folder: string, options?: ServeOptions) => Promise<TestServer>;
  /** Starts a server of the app's own, and resolves to its origin. */
  readonly start: (program: string, args: (port: number) => string[]) => Promise<string>;
}

export const test = base.extend<Fixtures, Settings>({
  appName: ["", { scope: "worker", option: true }],
  app: [
    async ({ appName }, use) => {
      const app = await installApp(appName);
      await use(app);
      app.remove();
    },
    { scope: "worker", timeout: 600_000 },
  ],
  runScript: async ({ app, appName }, use) => {
    await use(async (name, ...args) => {
      const script = [name, ...args].join(" ");
      await timed(`${appName}: ${script}`, () => app.run("npm", "run", name, "--", ...args));
    });
  },
  serve: async ({ app }, use) => {
    const servers: TestServer[] = [];
    await use(async (folder, { isIsolated = false, base = "/" } = {}) => {
      const folders = { [base]: join(app.folder, folder) };
      const server = await startTestServer({ isolated: isIsolated, folders });
      servers.push(server);
      return server;
    });
    for (const server of servers) await server.close();
  },
  start: async ({ app }, use) => {
    const stops: (() => Promise<void>)[] = [];
    await use(async (program, args) => {
      const { origin, stop } = await app.start(program, args);
      stops.push(stop);
      return origin;
    });
    for (const stop of stops) await stop();
  },
});

export { expect };

/**
 * Opens an app, lets it caption a drawing, and checks the caption, the app's threads and where its requests went: to its
 * own origin, and to that of its assets.
 */
export async function expectCaption(
  page: Page,
  url: string,
  { isIsolated, assets }: { readonly isIsolated: boolean; readonly assets?: string },
): Promise<void> {
  const faults: string[] = [];
  page.on("pageerror", ({ message }) => faults.push(message));
  page.on("console", (message) => {
    const isIcon = message.location().url.endsWith("/favicon.ico"); // The apps have none.
    if (message.type() === "error" && !isIcon) faults.push(message.text());
  });
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));

  await timed("caption", async () => {
    await page.goto(url);
    await captionScene(page, 0).catch((error: unknown) => {
      throw new AggregateError([error, ...faults.map((message) => new Error(message))]);
    });
  });
  expect(faults).toEqual([]);
  expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(isIsolated);
  // The kit's worker, and a worker for each thread beside it: there are two cores at least.
  if (isIsolated) expect(await countWorkers(page)).toBeGreaterThan(1);
  else expect(await countWorkers(page)).toBe(1);
  const { protocol, host } = new URL(url);
  const elsewhere = requested
    .map((address) => new URL(address))
    .filter((address) => !(address.protocol === protocol && address.host === host))
    .filter(({ origin }) => origin !== assets)
    .filter((address) => !["data:", "blob:", "ws:"].includes(address.protocol));
  expect(elsewhere.map(({ href }) => href)).toEqual([]);
}

/** Chooses one of the fixture drawings, and waits for a caption that names what is on it. */
export async function captionScene(page: Page, number: number): Promise<void> {
  const { objects } = await chooseScene(page, number);
  const output = page.locator("output");
  for (const { words } of objects) {
    await expect(output).toContainText(new RegExp(words, "i"), { timeout: 60_000 });
  }
}

/** Chooses one of the fixture drawings. */
export async function chooseScene(page: Page, number: number): Promise<Scene> {
  const scene = readScenes()[number]!;
  const input = page.locator("input[type=file]");
  // Apps enable it when the model is loaded.
  await expect(input).toBeEnabled({ timeout: 60_000 });
  await input.setInputFiles(join(SCENES_FOLDER, scene.file));
  return scene;
}

/** Workers of the page's browser, those that workers started included. */
export async function countWorkers(page: Page): Promise<number> {
  const session = await page.context().browser()!.newBrowserCDPSession();
  const { targetInfos } = await session.send("Target.getTargets", {
    filter: [{ type: "worker", exclude: false }],
  });
  await session.detach();
  return targetInfos.length;
}
