/**
 * Firefox and WebKit, where they are installed: the built pages load, give Chromium's caption, are
 * disposed of and load again, on threads and without. `tools/engines.ts` says what to install.
 */

import { readdirSync, readFileSync } from "node:fs";
import type { Browser, Page } from "@playwright/test";
import { findEngines } from "../tools/engines.ts";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { launchFirefox } from "./engines/firefox.ts";
import { toBrowser } from "./engines/page.ts";
import { launchWebKit } from "./engines/webkit.ts";
import { expect, openKit, test } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";

const SCENE = "/scenes/scene-05.png";

const { firefox, webkit } = findEngines();
const engines = [
  ...(firefox !== undefined ? [{ name: "Firefox", launch: () => launchFirefox(firefox) }] : []),
  // Private windows, where less is kept; `npm run test:browsers` opens those that keep.
  ...(webkit ? [{ name: "WebKit", launch: () => launchWebKit(webkit, true) }] : []),
];

/** Loads a model, captions a picture and disposes of the model. Runs in the page. */
const captionOnce = async (scene: string) => {
  while (!("kit" in window)) await new Promise((resolve) => setTimeout(resolve, 10));
  const { vlm, events } = await window.kit.observe({ device: "wasm" });
  const { text } = await vlm.caption(scene, { cache: false });
  await vlm.dispose();
  const types = events.map(({ type }) => type);
  return { text, events: types.filter((type) => type !== "graph-prepared") };
};

/** What a device without WebGPU gets of the tiny SmolVLM, and what it answers. Runs in the page. */
const askInTiles = async (image: string) => {
  while (!("kit" in window)) await new Promise((resolve) => setTimeout(resolve, 10));
  const { observe, tinySmolVlm } = window.kit;
  const { vlm } = await observe({ model: tinySmolVlm(), device: "wasm" });
  let [text, variant, tiles] = ["", "", 0];
  for await (const event of vlm.generate({ image, prompt: "Describe this image.", detail: 256 })) {
    if (event.type === "tile-encoded") ({ tiles } = event);
    if (event.type === "done")
      ({
        text,
        model: { variant },
      } = event.result);
  }
  await vlm.dispose();
  return { text, variant, tiles };
};

/** What a start fails with. Runs in the page. */
const failToStart = async (worker: string | null) => {
  while (!("kit" in window)) await new Promise((resolve) => setTimeout(resolve, 10));
  const { createWorker, failureOf, observe } = window.kit;
  const create = worker === null ? createWorker : () => new Worker(worker, { type: "module" });
  const { code, details } = await failureOf(() => observe({ device: "wasm", worker: create }));
  return { code, details: details as { reason?: string } };
};

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self'; style-src 'self'";

/** Faults of builds, servers and policies, by the reason that the error has to have. */
const WRONG: Readonly<Record<string, (server: TestServer) => void>> = {
  "script-missing": ({ faults }) =>
    faults.push({ path: "vlm.worker", kind: "status", status: 404 }),
  "script-is-page": ({ faults }) => faults.push({ path: "vlm.worker", kind: "html" }),
  "script-not-isolated": ({ headers }) =>
    headers.set("vlm.worker", { "Cross-Origin-Embedder-Policy": undefined }),
  "script-blocked": (server) =>
    (server.policy = POLICY.replace("worker-src 'self'", "worker-src blob:")),
  "wasm-blocked": (server) => (server.policy = POLICY.replace(" 'wasm-unsafe-eval'", "")),
  "wasm-missing": ({ faults }) => faults.push({ path: "threaded", kind: "status", status: 404 }),
  "bare-import": () => undefined,
};

const PICTURES = new URL("../packages/web/src/image/fixtures/", import.meta.url);
const FOLDERS = ["corpora/pillow", "corpora/pngsuite", "faults", "sequences", "jxl"];

/** What every browser shows. */
const GOOD_PICTURES = [
  "corpora/pillow/anim_frame1.webp",
  "corpora/pillow/app13.jpg",
  "corpora/pillow/hopper.avif",
  "corpora/pillow/pal8v5.bmp",
  "corpora/pngsuite/basi6a16.png",
  "sequences/drawn.avif",
  "sequences/drawn-alpha.avif",
];

/** Odd and malformed pictures, by name. */
function readOddPictures(): [name: string, base64: string][] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, PICTURES))
      .filter((name) => !name.includes("LICENSE"))
      .map((name): [string, string] => {
        const path = `${folder}/${name}`;
        return [path, readFileSync(new URL(path, PICTURES)).toString("base64")];
      }),
  );
}

/** What becomes of each picture, and whether a good one is answered after it. Runs in the page. */
const captionAll = async ({ pictures, scene }: { pictures: [string, string][]; scene: string }) => {
  while (!("kit" in window)) await new Promise((resolve) => setTimeout(resolve, 10));
  const { failureOf, fetchBlob, observeLoaded } = window.kit;
  const { vlm, workers } = await observeLoaded();
  const good = await fetchBlob(scene);
  const short = { detail: 64, maxNewTokens: 3, cache: false, timeoutMs: 60_000 } as const;
  const found: Record<string, { outcome: string; isTyped: boolean; next: string }> = {};
  for (const [name, base64] of pictures) {
    const blob = new Blob([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))]);
    let outcome = "answered";
    const failure = await failureOf(async () => {
      await vlm.caption(blob, short);
      throw new Error("It was answered.");
    });
    if (failure.message !== "It was answered.") outcome = failure.code ?? failure.name;
    const { text } = await vlm.caption(good, short);
    found[name] = { outcome, isTyped: outcome === "answered" || failure.isVlmError, next: text };
  }
  return { found, workers: workers.length };
};

/** So that a call of a test does not take longer than its browser waits for. */
const PICTURES_A_CALL = 10;

for (const { name, launch } of engines) {
  test.describe(name, () => {
    let engine: Browser;
    let page: Page;
    let expected: string;

    test.beforeAll(async () => {
      engine = toBrowser(await launch());
      console.log(`${name}: ${engine.version()}`);
    });
    test.beforeEach(async ({ page: chromium, server }) => {
      await openKit(chromium, server);
      ({ text: expected } = await chromium.evaluate(captionOnce, SCENE));
      page = await engine.newPage();
    });
    test.afterEach(() => page.close());
    test.afterAll(() => engine.close());

    for (const isolated of [true, false]) {
      // On one thread these engines do what they do on threads, but for the start of the threads.
      const tag = isolated ? [] : EXHAUSTIVE_TAG;
      const where = isolated ? "on threads" : "on one thread";
      test(
        `${where}, it says what Chromium says, and again after dispose`,
        { tag },
        async ({ server }) => {
          server.isolated = isolated;
          await page.goto(`${server.origin}/index.html`);
          expect(await page.evaluate(() => window.crossOriginIsolated, null)).toBe(isolated);
          for (let load = 0; load < 2; load++) {
            const { text, events } = await page.evaluate(captionOnce, SCENE);
            expect(text).toBe(expected);
            expect(events).not.toContain("threads-fallback");
            expect(events).not.toContain("device-fallback");
          }
        },
      );
    }

    test("says what is wrong with a build, a server or a policy", async ({ server }) => {
      const bare = `import { startWorker } from "@fastvlm-kit/web/worker";`;
      server.contents.set("/bare.js", new TextEncoder().encode(bare));
      const found: Record<string, string | undefined> = {};
      for (const [reason, breakIt] of Object.entries(WRONG)) {
        server.faults.length = 0;
        server.headers.clear();
        delete server.policy;
        breakIt(server);
        await page.goto(`${server.origin}/index.html?${reason}`);
        const { code, details } = await page.evaluate(
          failToStart,
          reason === "bare-import" ? "/bare.js" : null,
        );
        found[reason] = details.reason ?? code;
      }
      expect(found).toEqual(Object.fromEntries(Object.keys(WRONG).map((name) => [name, name])));
    });

    const IN_TILES = "asks a model that sees tiles, in its int8 files, and says what Chromium says";
    test(IN_TILES, { tag: EXHAUSTIVE_TAG }, async ({ page: chromium, server }) => {
      const expected = await chromium.evaluate(askInTiles, SCENE);
      await page.goto(`${server.origin}/index.html`);
      const found = await page.evaluate(askInTiles, SCENE);
      expect(found).toEqual(expected);
      expect(found).toMatchObject({ variant: "int8", tiles: 5 });
      expect(found.text).not.toBe("");
    });

    const ODD =
      "odd and malformed pictures are answered or are typed errors, and the next one is answered";
    test(ODD, { tag: EXHAUSTIVE_TAG }, async ({ server }) => {
      test.setTimeout(600_000);
      await page.goto(`${server.origin}/index.html`);
      const pictures = readOddPictures();
      const outcomes = new Map<string, string>();
      for (let from = 0; from < pictures.length; from += PICTURES_A_CALL) {
        const some = pictures.slice(from, from + PICTURES_A_CALL);
        const { found, workers } = await page.evaluate(captionAll, {
          pictures: some,
          scene: SCENE,
        });
        expect(workers).toBe(1);
        for (const [picture, { outcome, isTyped, next }] of Object.entries(found)) {
          expect(isTyped, `${picture}: ${outcome}`).toBe(true);
          expect(next, `after ${picture}`).not.toBe("");
          outcomes.set(picture, outcome);
        }
      }
      expect(outcomes.size).toBe(pictures.length);
      const listed = [...outcomes].filter(([, outcome]) => outcome !== "answered");
      console.log(`${name} does not show ${listed.map(([picture]) => picture).join(", ")}`);
      for (const [picture, outcome] of outcomes) {
        // Whatever a browser cannot decode is the picture's fault, and no part of the kit's.
        expect(outcome, picture).toMatch(/^(answered|image-(unreadable|unsupported|too-large))$/);
      }
      for (const picture of GOOD_PICTURES) expect(outcomes.get(picture), picture).toBe("answered");
    });

    test("prepares for offline use without waiting for a prompt, and names no method undefined", async ({
      server,
    }) => {
      await page.goto(`${server.origin}/index.html`);
      const seen = await page.evaluate(async (scene) => {
        while (!("kit" in window)) await new Promise((resolve) => setTimeout(resolve, 10));
        const { observe, openLibrary, tinyModel } = window.kit;
        const library = openLibrary();
        const { isReady } = await library.prepareOffline(tinyModel(), { device: "wasm" });
        const { vlm } = await observe({ device: "wasm" });
        const photo = await vlm.open(scene);
        const names = [library, vlm, photo].map((object) => "undefined" in object);
        await Promise.all([library.dispose(), vlm.dispose()]);
        return { isReady, names };
      }, SCENE);
      expect(seen).toEqual({ isReady: true, names: [false, false, false] });
    });
  });
}

if (firefox !== undefined) {
  test(`Firefox: no first load hangs`, { tag: EXHAUSTIVE_TAG }, async ({ server }) => {
    test.setTimeout(600_000);
    const engine = toBrowser(await launchFirefox(firefox));
    try {
      for (let load = 0; load < 15; load++) {
        const page = await engine.newPage();
        await page.goto(`${server.origin}/index.html`);
        const startedAt = Date.now();
        const { events } = await page.evaluate(captionOnce, SCENE);
        console.log(`Load ${load + 1}: ${Date.now() - startedAt} ms`);
        expect(
          events.filter((event) => event !== "call-ended" && event !== "threads-chosen"),
        ).toEqual([]);
        await page.close();
      }
    } finally {
      await engine.close();
    }
  });
}
