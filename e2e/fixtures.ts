/** What every browser test gets: the test server, a page with the SDK on it, and the fixture scenes. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test as base, type Browser, type Page } from "@playwright/test";
import { otherEngine } from "../tools/tested-engine.ts";
import { createProfile, type BrowserProfile } from "./browser-profile.ts";
import { createEngineFixtures } from "./engines/fixtures.ts";
import { startTestServer, type TestServer } from "./server/test-server.ts";
import { findOnnxRuntime } from "./upgrade/last-version.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The built test pages. */
export const PAGES_FOLDER = here("../.cache/e2e/pages/");
export const SCENES_FOLDER = here("fixtures/scenes/");
export const TINY_MODEL_FOLDER = here("../packages/tiny/model/");
/** A small model with random weights, from the official exporters (tools/exporter-fixtures). */
const EXPORTED_MODEL_FOLDER = here("fixtures/exported-fastvlm/");
/** A tiny model as several exporters write it; see its README. */
export const EXPORTER_DECODERS_FOLDER = here("fixtures/exporter-decoders/");
/** What a test wrote that needs a model of many bytes. */
export const LARGE_MODEL_FOLDER = here("../.cache/e2e/large/");

/** Where a test unpacks the page of the last published version. */
export const LAST_VERSION_FOLDER = here("../.cache/e2e/last-version/");

/** One fixture picture and what is on it. */
export interface Scene {
  readonly file: string;
  readonly background: string;
  readonly arrangement: string;
  readonly objects: readonly { readonly kind: string; readonly words: string }[];
  /** Right answers by kind of question. */
  readonly questions: Readonly<
    Record<string, { readonly prompt: string; readonly answer: string }>
  >;
}

interface SharedFixtures {
  /**
   * A page for tests that only ask the loaded model (`window.kit.observeLoaded`): they share it, because to load
   * a model takes longer than to ask it.
   */
  readonly loadedPage: Page;
}

interface Fixtures {
  readonly server: TestServer;
  /** A page with `window.kit`, which is the test's own, as is what it stores. */
  readonly kitPage: Page;
  /** A browser of the test's own: one whose GPU process crashed twice has no adapter ever after. */
  readonly freshBrowser: Browser;
  /** Starts browsers that can be killed and started again, and whose pages can be frozen. */
  readonly launchProfile: (extraArgs?: readonly string[]) => Promise<BrowserProfile>;
}

/** Opens the test page and waits for `window.kit`. */
export async function openKit(page: Page, server: TestServer): Promise<void> {
  // The only adapter here is a software one, which `auto` would turn down.
  await page.addInitScript(() => {
    if (!("GPUAdapterInfo" in window)) return;
    Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });
  });
  await page.goto(`${server.origin}/index.html`);
  await page.waitForFunction(() => "kit" in window);
}

function startServer(): Promise<TestServer> {
  return startTestServer({
    isolated: true,
    folders: {
      "/": PAGES_FOLDER,
      "/demo/": here("../.cache/e2e/demo/"),
      "/examples/": here("../.cache/e2e/examples/"),
      "/pwa/": here("../.cache/e2e/pwa/"),
      "/scenes/": SCENES_FOLDER,
      "/images/": here("../packages/web/src/image/fixtures/corpora/"),
      "/faults/": here("../packages/web/src/image/fixtures/faults/"),
      "/no-cors/": SCENES_FOLDER,
      "/models/tiny/": TINY_MODEL_FOLDER,
      "/models/tiny-smolvlm/": here("../packages/tiny/smolvlm/model/"),
      "/models/exported-fastvlm/": EXPORTED_MODEL_FOLDER,
      "/models/exported-idefics3/": here("fixtures/exported-idefics3/"),
      "/models/large/": LARGE_MODEL_FOLDER,
      "/last-version/": LAST_VERSION_FOLDER,
      "/onnxruntime/": findOnnxRuntime().folder,
      "/models/exporter-decoders/": EXPORTER_DECODERS_FOLDER,
      "/cdn/onnx-community/FastVLM-0.5B-ONNX/": TINY_MODEL_FOLDER,
    },
  });
}

const ONLY_CHROMIUM_IS_KILLED =
  "It kills the browser or its GPU process, or freezes a page: only Chromium's protocol does so to order.";

/** Playwright's own, on the engine that is tested. */
const engineTest =
  otherEngine === undefined ? base : base.extend(createEngineFixtures(otherEngine) as object);

export const test = engineTest.extend<Fixtures, SharedFixtures>({
  loadedPage: [
    async ({ browser }, use) => {
      const server = await startServer();
      const page = await browser.newPage();
      await openKit(page, server);
      await use(page);
      await page.close();
      await server.close();
    },
    { scope: "worker" },
  ],
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixture names from a pattern
  server: async ({}, use) => {
    const server = await startServer();
    await use(server);
    await server.close();
  },
  kitPage: async ({ page, server }, use) => {
    await openKit(page, server);
    await use(page);
  },
  freshBrowser: async ({ playwright, launchOptions }, use, info) => {
    info.skip(otherEngine !== undefined, ONLY_CHROMIUM_IS_KILLED);
    const browser = await playwright.chromium.launch(launchOptions);
    await use(browser);
    await browser.close();
  },
  launchProfile: async ({ launchOptions }, use, info) => {
    info.skip(otherEngine !== undefined, ONLY_CHROMIUM_IS_KILLED);
    const { args = [], executablePath } = launchOptions;
    const profiles: BrowserProfile[] = [];
    await use(async (extraArgs = []) => {
      const profile = await createProfile({
        executablePath,
        args: [...args, ...extraArgs],
        parent: here("../.cache/e2e/"),
      });
      profiles.push(profile);
      return profile;
    });
    for (const profile of profiles) await profile.remove();
  },
});

export { NO_PRIVATE_FILES, NO_SUBGROUPS, notIn, onlyInChromium } from "./engines/limits.ts";
export { crash, freeze, thaw } from "./browser-profile.ts";
export { expect } from "@playwright/test";

/** The fixture scenes, in order. */
export function readScenes(): Scene[] {
  return readFileSync(`${SCENES_FOLDER}scenes.jsonl`, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Scene);
}
