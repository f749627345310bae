/** The installable app: with a network, without one, and through everything that ends a page. */

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "@playwright/test";
import { expect, readScenes, SCENES_FOLDER, test } from "./fixtures.ts";
import { startTestServer, type TestServer } from "./server/test-server.ts";

const BUILT = fileURLToPath(new URL("../.cache/e2e/pwa/", import.meta.url));
// The embedded model takes this one's spider for a tractor.
const SCENES = readScenes().filter(({ file }) => file !== "scene-03.png");
const BROKEN = {
  name: "broken.png",
  mimeType: "image/png",
  buffer: Buffer.from("This is no picture."),
};

const isModelFile = (path: string): boolean => /\.onnx$|tokenizer|\/config[^/]*\.json/.test(path);

const scenePath = (index: number): string => SCENES_FOLDER + SCENES[index]!.file;
const answerTo = (index: number): string => SCENES[index]!.questions["caption"]!.answer;
const captionOf = (page: Page, name: string): Locator => page.getByLabel(`Caption of ${name}`);

/** Opens the app and waits until its service worker serves the page. */
async function openApp(page: Page, server: TestServer, search = ""): Promise<void> {
  await page.goto(`${server.origin}/pwa/index.html${search}`);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

async function makeAvailableOffline(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Make available offline" }).click();
  await expect(page.getByRole("heading", { name: "Ready offline" })).toBeVisible({
    timeout: 90_000,
  });
}

async function addScenes(page: Page, ...indices: readonly number[]): Promise<void> {
  await page.locator("#files").setInputFiles(indices.map(scenePath));
}

async function expectCaption(page: Page, index: number): Promise<void> {
  await expect(captionOf(page, SCENES[index]!.file)).toHaveValue(answerTo(index), {
    timeout: 60_000,
  });
}

/** What the page and its workers complained about; the content security policy, too. */
function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return complaints;
}

async function exported(page: Page, button: string): Promise<string> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: button }).click();
  return readFile(await (await download).path(), "utf8");
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

test.describe("installing", () => {
  test("meets what browsers ask of an app", async ({ page, server }) => {
    await openApp(page, server);
    const session = await page.context().newCDPSession(page);
    const { data, errors } = await session.send("Page.getAppManifest");
    expect(errors).toEqual([]);
    const manifest = JSON.parse(data!) as {
      name: string;
      start_url: string;
      display: string;
      icons: { src: string; sizes: string; type: string; purpose?: string }[];
    };
    expect(manifest).toMatchObject({ name: /\w/, start_url: "./", display: "standalone" });
    for (const { src, sizes, type } of manifest.icons) {
      const response = await page.request.get(`${server.origin}/pwa/${src}`);
      const png = await response.body();
      expect(response.headers()["content-type"]).toBe(type);
      // Width and height in the header of a PNG.
      expect(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`).toBe(sizes);
    }
    expect(manifest.icons.map(({ sizes, purpose }) => `${sizes} ${purpose ?? "any"}`)).toEqual([
      "192x192 any",
      "512x512 any",
      "512x512 maskable",
    ]);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    const ids = installabilityErrors.map(({ errorId }) => errorId);
    // Every page of these tests is in a private window.
    expect(ids.filter((id) => id !== "in-incognito")).toEqual([]);
  });

  test("offers to install where the browser does, once", async ({ page, server }) => {
    await openApp(page, server);
    const install = page.getByRole("button", { name: "Install the app" });
    await expect(install).toBeHidden();
    await page.evaluate(() => {
      const event = new Event("beforeinstallprompt", { cancelable: true });
      const prompt = (): Promise<void> => {
        document.title = "prompted";
        return Promise.resolve();
      };
      window.dispatchEvent(Object.assign(event, { prompt }));
    });
    await install.click();
    await expect(page).toHaveTitle("prompted");
    await expect(install).toBeHidden();
  });
});

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

  test("starts from any of its addresses", async ({ page, context, server }) => {
    const { origin } = server;
    await openApp(page, server);
    await context.setOffline(true);
    await server.close();
    for (const path of ["/pwa/", "/pwa/index.html", "/pwa/?model=tiny", "/pwa/?a=1&b=2#c"]) {
      await page.goto(origin + path);
      await expect(page.getByRole("heading", { name: "Caption pictures" })).toBeVisible();
    }
  });

  test("works where the server sends no isolation headers", async ({ page, context, server }) => {
    server.isolated = false;
    await openApp(page, server);
    await makeAvailableOffline(page);
    await context.setOffline(true);
    await server.close();
    await page.reload();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    await addScenes(page, 1);
    await expectCaption(page, 1);
  });

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
  const slowly = { path: "vision_encoder", kind: "slow", bytesPerSecond: 400_000 } as const;
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

  test("goes on by itself after a reload", async ({ page, server }) => {
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

  test("is taken back: the space is free again", async ({ page, server }) => {
    await openApp(page, server);
    await makeAvailableOffline(page);
    await page.getByRole("button", { name: "Free the space" }).click();
    const again = page.getByRole("button", { name: "Get what is missing" });
    await expect(again).toBeFocused();
    await expect(page.locator("#offline-facts")).toContainText(/Model\s*4\.38 MB/);
    await page.reload();
    await expect(again).toBeVisible();
  });
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

  test("keeps weights out of every Cache, and the service worker out of their way", async ({
    page,
    server,
  }) => {
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
});

test.describe("a batch", () => {
  test("survives a broken file and a reload in the middle, and is exported whole", async ({
    page,
    server,
  }) => {
    await openApp(page, server);
    await addScenes(page, 0, 1);
    await page.locator("#files").setInputFiles(BROKEN);
    await addScenes(page, 2, 3, 4);
    await expectCaption(page, 0);
    await expect(captionOf(page, SCENES[4]!.file)).toBeHidden();
    await page.reload();
    await expect(page.getByText("5 of 6 captioned, 1 failed")).toBeVisible({ timeout: 90_000 });
    for (const index of [0, 1, 2, 3, 4]) await expectCaption(page, index);
    const broken = page.getByRole("listitem").filter({ hasText: BROKEN.name });
    await expect(broken.locator(".problem")).toHaveText(/\w+ \w+ \w+/);

    await captionOf(page, SCENES[1]!.file).fill('=HYPERLINK("https://x.example"), she said');
    await expect(page.getByText("Edited")).toBeVisible();
    await page.reload();
    await expect(captionOf(page, SCENES[1]!.file)).toHaveValue(/^=HYPERLINK/);

    const rows = JSON.parse(await exported(page, "Save JSON")) as Record<string, unknown>[];
    expect(rows.map(({ file, status, edited }) => [file, status, edited])).toEqual([
      [SCENES[0]!.file, "done", false],
      [SCENES[1]!.file, "done", true],
      [BROKEN.name, "failed", false],
      [SCENES[2]!.file, "done", false],
      [SCENES[3]!.file, "done", false],
      [SCENES[4]!.file, "done", false],
    ]);
    expect(rows[0]).toMatchObject({ caption: answerTo(0), model: "fastvlm-kit/tiny" });
    const csv = await exported(page, "Save CSV");
    expect(csv.startsWith("\uFEFFfile,status,caption,")).toBe(true);
    expect(csv).toContain(`,"'=HYPERLINK(""https://x.example""), she said",`);
    expect(csv.split("\r\n")).toHaveLength(8);
  });

  test("stops when told to, also for the next page, and goes on when told to", async ({
    page,
    server,
  }) => {
    await openApp(page, server);
    await addScenes(page, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    await expectCaption(page, 0);
    await page.getByRole("button", { name: "Stop" }).click();
    const go = page.getByRole("button", { name: /^Caption \d pictures?$/ });
    await expect(go).toBeFocused();
    const left = await go.textContent();
    await page.reload();
    await expect(go).toHaveText(left!);
    await go.click();
    await expect(page.getByText("9 of 9 captioned")).toBeVisible({ timeout: 90_000 });
  });

  test("retries and removes one picture, and removes all", async ({ page, server }) => {
    await openApp(page, server);
    await page.locator("#files").setInputFiles(BROKEN);
    await addScenes(page, 0);
    await expectCaption(page, 0);
    await page.getByRole("button", { name: `Retry: ${BROKEN.name}` }).click();
    await expect(page.getByText("1 of 2 captioned, 1 failed")).toBeVisible();
    await page.getByRole("button", { name: `Remove: ${BROKEN.name}` }).click();
    await expect(page.getByText("1 of 1 captioned")).toBeVisible();
    await expect(page.getByRole("button", { name: `Remove: ${SCENES[0]!.file}` })).toBeFocused();

    await page.getByRole("button", { name: "Remove all" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep them" }).click();
    await expect(page.getByText("1 of 1 captioned")).toBeVisible();
    await page.getByRole("button", { name: "Remove all" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove all" }).click();
    await expect(page.getByText("No pictures yet.")).toBeVisible();
    const stored = await page.evaluate(async () => {
      const opened = indexedDB.open("fastvlm-pwa-queue");
      await new Promise((resolve) => (opened.onsuccess = resolve));
      const count = opened.result.transaction("queue").objectStore("queue").count();
      await new Promise((resolve) => (count.onsuccess = resolve));
      return count.result;
    });
    expect(stored).toBe(0);
  });

  test("uses the chosen style, and remembers it", async ({ page, server }) => {
    await openApp(page, server);
    await page.getByRole("radio", { name: "Detailed" }).check();
    await page.reload();
    await expect(page.getByRole("radio", { name: "Detailed" })).toBeChecked();
    await addScenes(page, 1);
    await expect(captionOf(page, SCENES[1]!.file)).toHaveValue(
      SCENES[1]!.questions["detail"]!.answer,
      { timeout: 60_000 },
    );
  });

  test("copies a caption as it was edited", async ({ page, context, server }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await openApp(page, server);
    await addScenes(page, 0);
    await expectCaption(page, 0);
    await captionOf(page, SCENES[0]!.file).fill("My own words");
    await page.getByRole("button", { name: `Copy: ${SCENES[0]!.file}` }).click();
    await expect(page.getByText("Copied")).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("My own words");
  });

  test("is worked on by one window at a time, and shown in all", async ({
    page,
    context,
    server,
  }) => {
    await openApp(page, server);
    const other = await context.newPage();
    await openApp(other, server);
    await addScenes(page, 0, 1, 2);
    await addScenes(other, 3, 4);
    for (const one of [page, other]) {
      await expect(one.getByText("5 of 5 captioned")).toBeVisible({ timeout: 90_000 });
      for (const index of [0, 1, 2, 3, 4]) await expectCaption(one, index);
    }
  });

  test("gives back every object address", async ({ page, server }) => {
    await page.addInitScript(() => {
      const open = new Set<string>();
      Object.assign(window, { openAddresses: open });
      const createObjectURL = URL.createObjectURL.bind(URL);
      const revokeObjectURL = URL.revokeObjectURL.bind(URL);
      URL.createObjectURL = (blob) => {
        const address = createObjectURL(blob);
        open.add(address);
        return address;
      };
      URL.revokeObjectURL = (address) => {
        open.delete(address);
        revokeObjectURL(address);
      };
    });
    await openApp(page, server);
    await addScenes(page, 0, 1);
    await expect(page.locator(".thumbnail img:visible")).toHaveCount(2, { timeout: 60_000 });
    const count = await page.evaluate(
      () => (window as unknown as { openAddresses: Set<string> }).openAddresses.size,
    );
    expect(count).toBe(0);
  });
});

test.describe("pictures come", () => {
  test("shared to the app: they are in the batch, once", async ({ page, server }) => {
    await openApp(page, server);
    await share(page, server, [scenePath(0), scenePath(1)]);
    await expect(page).toHaveURL(`${server.origin}/pwa/`);
    await expectCaption(page, 0);
    await expectCaption(page, 1);
    expect(server.requests).not.toContain("/pwa/share");
    await page.reload();
    await expect(page.getByText("2 of 2 captioned")).toBeVisible();
  });

  test("shared without a network", async ({ page, context, server }) => {
    await openApp(page, server);
    await makeAvailableOffline(page);
    await page.goto(`${server.origin}/index.html`);
    await context.setOffline(true);
    await share(page, server, [scenePath(2)], { isOpen: true });
    await expectCaption(page, 2);
  });

  test("not with a share that has no picture in it", async ({ page, server }) => {
    await openApp(page, server);
    await share(page, server, []);
    await expect(page.locator("#add-problem")).toHaveText(
      "There was no picture in what was shared.",
    );
    await page.reload();
    await expect(page.locator("#add-problem")).toBeEmpty();
  });

  test("as files opened with the app", async ({ page, server }) => {
    await page.addInitScript(() => {
      const launchQueue = {
        setConsumer(consumer: (launch: unknown) => void): void {
          const getFile = async (): Promise<Blob> => (await fetch("/scenes/scene-01.png")).blob();
          consumer({ files: [{ name: "opened.png", getFile }] });
        },
      };
      Object.defineProperty(window, "launchQueue", { value: launchQueue });
    });
    await openApp(page, server);
    await expect(captionOf(page, "opened.png")).toHaveValue(answerTo(0), { timeout: 60_000 });
  });

  test("pasted and dropped", async ({ page, server }) => {
    await openApp(page, server);
    for (const kind of ["paste", "drop"] as const) {
      await page.evaluate(async (kind) => {
        const data = new DataTransfer();
        const blob = await (await fetch("/scenes/scene-02.png")).blob();
        data.items.add(new File([blob], `${kind}.png`, { type: "image/png" }));
        const init = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(
          kind === "paste"
            ? new ClipboardEvent("paste", { ...init, clipboardData: data })
            : new DragEvent("drop", { ...init, dataTransfer: data }),
        );
      }, kind);
      await expect(captionOf(page, `${kind}.png`)).toHaveValue(answerTo(1), { timeout: 60_000 });
    }
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

test("shows the licence of FastVLM-0.5B before anything of it is fetched", async ({
  page,
  server,
}) => {
  await page.context().route(/huggingface\.co/, (route) => route.abort());
  const asked: string[] = [];
  page.context().on("request", (request) => asked.push(request.url()));
  await openApp(page, server, "?model=fastvlm-0.5b");
  await expect(page.getByRole("link", { name: "whole licence" })).toHaveAttribute(
    "href",
    /LICENSE$/,
  );
  await addScenes(page, 0);
  await expect(page.locator("#batch-problem")).toContainText("accept the licence");
  expect(asked.filter((url) => url.includes("huggingface"))).toEqual([]);

  const use = page.getByRole("button", { name: "Use it" });
  await expect(use).toBeDisabled();
  await page.getByRole("checkbox").check();
  await use.click();
  await expect.poll(() => asked.some((url) => url.includes("huggingface"))).toBe(true);
  // Remembered, for the installed app starts without the choice in its address.
  await page.goto(`${server.origin}/pwa/`);
  await expect(page.getByRole("heading", { name: "FastVLM-0.5B", exact: true })).toBeVisible();
  await expect(page.getByRole("checkbox")).toBeHidden();
  await page.getByRole("link", { name: "Back to the embedded model" }).click();
  await expect(page.getByRole("heading", { name: "Drawings, not photos" })).toBeVisible();
  await expectCaption(page, 0);
});

test("fits a phone: no sideways scrolling, and targets that a thumb can hit", async ({
  page,
  server,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openApp(page, server);
  const name = `${"w".repeat(200)}.png`;
  const buffer = await readFile(scenePath(0));
  await page.locator("#files").setInputFiles([{ name, mimeType: "image/png", buffer }, BROKEN]);
  await expect(page.getByText("1 of 2 captioned, 1 failed")).toBeVisible({ timeout: 60_000 });
  await captionOf(page, name).fill("w".repeat(300));
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  const targets = page.locator("button:visible, input:visible, textarea:visible, a:visible");
  const small = await targets.evaluateAll((all) =>
    all
      .filter((target) => {
        const { width, height } = target.getBoundingClientRect();
        return width < 44 || height < 44;
      })
      .map(({ id, textContent }) => id || textContent),
  );
  expect(small).toEqual([]);
});

test("works with the keyboard alone", async ({ page, server }) => {
  await openApp(page, server);
  await expect(page.getByRole("button", { name: "Make available offline" })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Make available offline" })).toBeFocused();
  const chooser = page.waitForEvent("filechooser");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles([scenePath(0)]);
  await expectCaption(page, 0);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("radio", { name: "Brief" })).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Detailed" })).toBeChecked();
});

/** Sends files as the system's share sheet does: a form, posted as a navigation. */
async function share(
  page: Page,
  server: TestServer,
  files: readonly string[],
  { isOpen = false } = {},
): Promise<void> {
  if (!isOpen) await page.goto(`${server.origin}/index.html`);
  await page.evaluate(() => {
    const form = document.createElement("form");
    form.innerHTML =
      '<input name="title" value="Look"><input type="file" name="pictures" multiple>';
    Object.assign(form, { action: "/pwa/share", method: "post", enctype: "multipart/form-data" });
    document.body.append(form);
  });
  await page.locator("form input[type=file]").setInputFiles([...files]);
  await Promise.all([
    page.waitForURL(/\/pwa\/(\?|$)/),
    page.evaluate(() => {
      document.forms[0]!.submit();
    }),
  ]);
}

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
