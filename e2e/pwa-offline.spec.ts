/** The installable app without a network: getting ready for it, doing without it, and new versions. */

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, onlyInChromium, test } from "./fixtures.ts";
import { addScenes, captionOf, expectCaption, makeAvailableOffline, openApp } from "./pwa-app.ts";
import { startTestServer, type TestServer } from "./server/test-server.ts";

const BUILT = fileURLToPath(new URL("../.cache/e2e/pwa/", import.meta.url));
const isModelFile = (path: string): boolean => /\.onnx$|tokenizer|\/config[^/]*\.json/.test(path);

/** What the page and its workers complained about; the content security policy, too. */
function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return complaints;
}

/** Addresses in every Cache of the origin, by the name of the Cache. */
async function listCaches(page: Page): Promise<{ cache: string; path: string }[]> {
  return page.evaluate(async () => {
    const found: { cache: string; path: string }[] = [];
    for (const cache of await caches.keys()) {
      for (const { url } of await (await caches.open(cache)).keys())
        found.push({ cache, path: new URL(url).pathname });
    }
    return found;
  });
}

test.describe("without a network", () => {
  test("captions a picture after a reload, isolated and without a complaint", async ({
    page,
    context,
    server,
  }) => {
    const complaints = collectComplaints(page);
    await openApp(page, server);
    await makeAvailableOffline(page);
    await context.setOffline(true);
    await server.close();
    await page.reload();
    await expect(page.getByRole("heading", { name: "Ready offline" })).toBeVisible();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await addScenes(page, 0);
    await expectCaption(page, 0);
    expect(complaints).toEqual([]);
  });

  test(
    "starts from any of its addresses",
    { tag: EXHAUSTIVE_TAG },
    async ({ page, context, server }) => {
      const { origin } = server;
      await openApp(page, server);
      await context.setOffline(true);
      await server.close();
      for (const path of ["/pwa/", "/pwa/index.html", "/pwa/?model=tiny", "/pwa/?a=1&b=2#c"]) {
        await page.goto(origin + path);
        await expect(page.getByRole("heading", { name: "Caption pictures" })).toBeVisible();
        expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      }
    },
  );

  test(
    "works where the server sends no isolation headers",
    { tag: EXHAUSTIVE_TAG },
    async ({ page, context, server }) => {
      server.isolated = false;
      await openApp(page, server);
      await makeAvailableOffline(page);
      await context.setOffline(true);
      await server.close();
      await page.reload();
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
      await addScenes(page, 1);
      await expectCaption(page, 1);
    },
  );

  test("says what is wrong when it was never made available offline", async ({
    page,
    context,
    server,
  }) => {
    await openApp(page, server);
    await context.setOffline(true);
    await server.close();
    await page.reload();
    await addScenes(page, 0);
    await expect(page.locator("#batch-problem")).toHaveText(/\w+ \w+ \w+/, { timeout: 60_000 });
    // The picture is not at fault: it waits.
    await expect(page.getByRole("button", { name: "Caption 1 picture" })).toBeVisible();
  });
});

test.describe("the download", () => {
  // The encoder comes in one request, which takes 25 s: no test comes too late to end it.
  const slowly = { path: "vision_encoder", kind: "slow", bytesPerSecond: 100_000 } as const;
  const begin = async (page: Page, server: TestServer): Promise<void> => {
    server.faults.push(slowly);
    await openApp(page, server);
    await expect(page.locator("#offline-facts")).toContainText(/Together, once\s*18\.\d\d MB/);
    await page.getByRole("button", { name: "Make available offline" }).click();
    await expect(page.locator("#offline-bytes")).toHaveText(
      /^[1-9]\d? % · [\d.]+ of 4\.4 MB · [\d.]+ MB\/s · about .+ left$/,
    );
  };

  test("says how far it is, pauses and goes on", async ({ page, server }) => {
    await begin(page, server);
    await page.getByRole("button", { name: "Pause" }).click();
    const resume = page.getByRole("button", { name: "Resume" });
    await expect(resume).toBeFocused();
    await expect(page.locator("#offline-step")).toHaveText("Paused");
    await expect(page.locator("#offline-bytes")).toHaveText(/^\d+ % · [\d.]+ of 4\.4 MB$/);
    await expect.poll(() => server.activeRequests).toBe(0);
    const paused = await page.locator("#offline-bytes").textContent();
    await page.waitForTimeout(500);
    await expect(page.locator("#offline-bytes")).toHaveText(paused!);
    server.faults.length = 0;
    await resume.click();
    await expect(page.getByRole("heading", { name: "Ready offline" })).toBeVisible();
  });

  test("goes on by itself after a reload", { tag: EXHAUSTIVE_TAG }, async ({ page, server }) => {
    await begin(page, server);
    server.faults.length = 0;
    await page.reload();
    await expect(page.getByRole("heading", { name: "Ready offline" })).toBeVisible();
  });

  test("is cancelled, and stays so", async ({ page, server }) => {
    await begin(page, server);
    await page.getByRole("button", { name: "Cancel" }).click();
    const rest = page.getByRole("button", { name: /Get what is missing|Make available offline/ });
    await expect(rest).toBeFocused();
    await page.reload();
    await expect(rest).toBeVisible();
    await expect(page.locator("#offline-download")).toBeHidden();
  });

  test(
    "is taken back: the space is free again",
    { tag: EXHAUSTIVE_TAG },
    async ({ page, server }) => {
      await openApp(page, server);
      await makeAvailableOffline(page);
      await page.getByRole("button", { name: "Free the space" }).click();
      const again = page.getByRole("button", { name: "Get what is missing" });
      await expect(again).toBeFocused();
      await expect(page.locator("#offline-facts")).toContainText(/Model\s*4\.38 MB/);
      await page.reload();
      await expect(again).toBeVisible();
    },
  );
});

test.describe("with a network", () => {
  test("works before anything was made available offline", async ({ page, server }) => {
    const complaints = collectComplaints(page);
    await openApp(page, server);
    await page.getByRole("button", { name: "Try it with three drawings" }).click();
    await expect(page.getByText("3 of 3 captioned")).toBeVisible({ timeout: 60_000 });
    await expect(captionOf(page, "frog.png")).toHaveValue(/frog/);
    await expect(page.getByRole("button", { name: "Make available offline" })).toBeVisible();
    expect(complaints).toEqual([]);
  });

  const OUT_OF_THE_WAY =
    "keeps weights out of every Cache, and the service worker out of their way";
  const READS_ANSWERS = onlyInChromium("It reads which answers came from the service worker.");
  test(OUT_OF_THE_WAY, READS_ANSWERS, async ({ page, server }) => {
    await openApp(page, server);
    const served: string[] = [];
    page.context().on("response", (response) => {
      const { pathname } = new URL(response.url());
      if (isModelFile(pathname)) {
        served.push(response.fromServiceWorker() ? `by the service worker: ${pathname}` : pathname);
      }
    });
    await makeAvailableOffline(page);
    await addScenes(page, 2);
    await expectCaption(page, 2);
    expect(served.filter((path) => path.endsWith(".onnx")).length).toBeGreaterThanOrEqual(3);
    expect(served.filter((path) => path.startsWith("by the service worker"))).toEqual([]);

    const cached = await listCaches(page);
    expect(cached.filter(({ path }) => isModelFile(path))).toEqual([]);
    expect(cached.some(({ path }) => path.endsWith("/index.html"))).toBe(true);
    const code = cached.filter(({ cache }) => cache === "fastvlm-kit-code");
    expect(code.some(({ path }) => path.endsWith(".wasm"))).toBe(true);
  });

  test("asks nothing of the network once it is ready", async ({ page, server }) => {
    await openApp(page, server);
    await makeAvailableOffline(page);
    await page.reload();
    await expect(page.getByRole("heading", { name: "Ready offline" })).toBeVisible();
    server.requests.length = 0;
    await addScenes(page, 3);
    await expectCaption(page, 3);
    expect(server.requests.filter((path) => !path.endsWith("/service-worker.js"))).toEqual([]);
  });

  const COULD_NOT = "could not ask the network once it is ready, if it wanted to";
  test(COULD_NOT, onlyInChromium("It runs a script in a worker."), async ({ page, server }) => {
    await openApp(page, server);
    await makeAvailableOffline(page);
    await page.reload();
    await expect(page.getByRole("heading", { name: "Ready offline" })).toBeVisible();
    await addScenes(page, 3);
    await expectCaption(page, 3);
    // The worker that captions. Its threads never answer.
    const workers = page.workers().filter((worker) => worker.url().includes("vlm.worker"));
    const attempts = workers.map((worker) =>
      worker.evaluate(() =>
        fetch("/").then(
          () => "allowed",
          (error: unknown) => (error as { code?: string }).code,
        ),
      ),
    );
    expect(await Promise.all(attempts)).toContain("network-forbidden");
  });
});

test("a new version waits for the user, and keeps weights and batch", async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), "fastvlm-pwa-"));
  await cp(BUILT, folder, { recursive: true });
  const server = await startTestServer({ isolated: true, folders: { "/pwa/": `${folder}/` } });
  try {
    await openApp(page, server);
    await makeAvailableOffline(page);
    await addScenes(page, 0);
    await expectCaption(page, 0);
    const other = await page.context().newPage();
    await openApp(other, server);

    await releaseNewVersion(folder);
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await expect(page.getByText("A new version of this app is here.")).toBeVisible();
    await expect(page.getByText("Version two")).toBeHidden();
    server.requests.length = 0;
    await page.getByRole("button", { name: "Reload" }).click();
    // All windows of the app: none goes on with files that are gone.
    await expect(page.getByText("Version two")).toBeVisible();
    await expect(other.getByText("Version two")).toBeVisible();

    // Its worker is another file: what the kit knew of the old one is not enough.
    await expect(page.getByRole("heading", { name: "Ready offline" })).toBeVisible();
    await expectCaption(page, 0);
    await addScenes(page, 1);
    await expectCaption(page, 1);
    expect(server.requests.filter((path) => isModelFile(path) || path.endsWith(".wasm"))).toEqual(
      [],
    );
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
});

/** Another version as a build makes it: scripts with other bytes have other names, the page lists them. */
async function releaseNewVersion(folder: string): Promise<void> {
  const files = await readdir(join(folder, "assets"));
  const scripts = files.filter((name) => name.endsWith(".js"));
  const rename = (text: string): string =>
    scripts.reduce((all, name) => all.replaceAll(name, `two-${name}`), text);
  for (const name of scripts) {
    const text = await readFile(join(folder, "assets", name), "utf8");
    await writeFile(join(folder, "assets", `two-${name}`), rename(text));
    await rm(join(folder, "assets", name));
  }
  const page = join(folder, "index.html");
  const html = rename(await readFile(page, "utf8"));
  await writeFile(page, html.replace("<main>", "<p>Version two</p><main>"));
  const worker = join(folder, "service-worker.js");
  const before = rename(await readFile(worker, "utf8"));
  const entry = /("revision":)"\w+"(,"url":"index\.html")/;
  expect(before).toMatch(entry);
  await writeFile(worker, before.replace(entry, '$1"two"$2'));
}
