/** The installable app's batch, and the ways by which pictures come into it. */

import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, test } from "./fixtures.ts";
import { pasteOrDrop } from "./paste-and-drop.ts";
import {
  addScenes,
  answerTo,
  BROKEN,
  captionOf,
  expectCaption,
  makeAvailableOffline,
  openApp,
  scenePath,
  SCENES,
} from "./pwa-app.ts";
import type { TestServer } from "./server/test-server.ts";

test.describe("a batch", () => {
  test("survives a broken file and a reload in the middle, and is exported whole", async ({
    page,
    server,
  }) => {
    await openApp(page, server);
    await doInMiddle(page, "reload");
    const scenes = await Promise.all([0, 1, 2, 3, 4].map(readScene));
    await page.locator("#files").setInputFiles(scenes.toSpliced(2, 0, BROKEN));
    await expect(page.getByText("5 of 6 captioned, 1 failed")).toBeVisible({ timeout: 90_000 });
    expect(await countAtMiddle(page)).toBeLessThan(5);
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

  test(
    "stops when told to, also for the next page, and goes on when told to",
    { tag: EXHAUSTIVE_TAG },
    async ({ page, server }) => {
      await openApp(page, server);
      await doInMiddle(page, "stop");
      await addScenes(page, 0, 1, 2, 3, 4, 5, 6, 7, 8);
      const go = page.getByRole("button", { name: /^Caption \d pictures?$/ });
      await expect(go).toBeFocused({ timeout: 60_000 });
      const left = await go.textContent();
      await page.reload();
      await expect(go).toHaveText(left!);
      await go.click();
      await expect(page.getByText("9 of 9 captioned")).toBeVisible({ timeout: 90_000 });
    },
  );

  test(
    "retries and removes one picture, and removes all",
    { tag: EXHAUSTIVE_TAG },
    async ({ page, server }) => {
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
      expect(await countRecords(page, "fastvlm-pwa-queue", "queue")).toBe(0);
    },
  );

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

  test(
    "copies a caption as it was edited",
    { tag: EXHAUSTIVE_TAG },
    async ({ page, context, server }) => {
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await openApp(page, server);
      await addScenes(page, 0);
      await expectCaption(page, 0);
      await captionOf(page, SCENES[0]!.file).fill("My own words");
      await page.getByRole("button", { name: `Copy: ${SCENES[0]!.file}` }).click();
      await expect(page.getByText("Copied")).toBeVisible();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("My own words");
    },
  );

  test("is worked on by one window at a time, and shown in all", async ({
    page,
    context,
    server,
  }) => {
    await context.addInitScript(() => {
      const announced: string[] = [];
      Object.assign(window, { announced });
      new MutationObserver((changes) => {
        const { target } = changes[0]!;
        if (target instanceof HTMLElement && target.id === "announcer")
          announced.push(target.innerText);
      }).observe(document, { childList: true, subtree: true });
    });
    await openApp(page, server);
    const other = await context.newPage();
    await openApp(other, server);
    await addScenes(page, 0, 1, 2);
    await addScenes(other, 3, 4);
    for (const one of [page, other]) {
      await expect(one.getByText("5 of 5 captioned")).toBeVisible({ timeout: 90_000 });
      for (const index of [0, 1, 2, 3, 4]) await expectCaption(one, index);
    }
    const done = await Promise.all(
      [page, other].map((one) =>
        one.evaluate(() =>
          (window as unknown as { announced: string[] }).announced.filter((text) =>
            text.startsWith("scene"),
          ),
        ),
      ),
    );
    expect(done.flat()).toHaveLength(5);
  });

  test("gives back every object address", { tag: EXHAUSTIVE_TAG }, async ({ page, server }) => {
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
    expect(await countRecords(page, "fastvlm-pwa-inbox", "pictures")).toBe(0);
  });

  test("shared without a network", { tag: EXHAUSTIVE_TAG }, async ({ page, context, server }) => {
    await openApp(page, server);
    await makeAvailableOffline(page);
    await page.goto(`${server.origin}/index.html`);
    await context.setOffline(true);
    await share(page, server, [scenePath(2)], { isOpen: true });
    await expectCaption(page, 2);
  });

  test(
    "not with a share that has no picture in it",
    { tag: EXHAUSTIVE_TAG },
    async ({ page, server }) => {
      await openApp(page, server);
      await share(page, server, []);
      await expect(page.locator("#add-problem")).toHaveText(
        "There was no picture in what was shared.",
      );
      await page.reload();
      await expect(page.locator("#add-problem")).toBeEmpty();
    },
  );

  test("as files opened with the app", { tag: EXHAUSTIVE_TAG }, async ({ page, server }) => {
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

  test("from the camera, and from the phone's own camera app", async ({ page, server }) => {
    await page.addInitScript(() => {
      MediaDevices.prototype.getUserMedia = async () => {
        const picture = await createImageBitmap(await (await fetch("/scenes/scene-01.png")).blob());
        const canvas = Object.assign(document.createElement("canvas"), { width: 256, height: 256 });
        const draw = (): void => canvas.getContext("2d")?.drawImage(picture, 0, 0, 256, 256);
        setInterval(draw, 50);
        return canvas.captureStream();
      };
    });
    await openApp(page, server);
    await page.getByRole("button", { name: "Camera" }).click();
    await page.getByRole("button", { name: "Take the picture" }).click();
    await expect(captionOf(page, "Camera picture.jpg")).toHaveValue(answerTo(0), {
      timeout: 60_000,
    });
    await page.locator("#capture").setInputFiles(scenePath(1));
    await expectCaption(page, 1);
  });

  test("pasted and dropped", async ({ page, server }) => {
    await openApp(page, server);
    for (const kind of ["paste", "drop"] as const) {
      await pasteOrDrop(page, kind, "/scenes/scene-02.png");
      await expect(captionOf(page, `${kind}.png`)).toHaveValue(answerTo(1), { timeout: 60_000 });
    }
  });
});

/**
 * Reloads the page, or stops the batch, as soon as a picture of the next batch is captioned. The page itself does that: it
 * captions the rest in less time than a test may take to look.
 */
async function doInMiddle(page: Page, what: "reload" | "stop"): Promise<void> {
  await page.evaluate((what) => {
    const timer = setInterval(() => {
      const captions = [...document.querySelectorAll<HTMLTextAreaElement>(".caption")];
      const done = captions.filter((one) => one.checkVisibility() && one.value !== "").length;
      if (done === 0) return;
      clearInterval(timer);
      sessionStorage.setItem("captioned in the middle", String(done));
      if (what === "reload") location.reload();
      else document.querySelector<HTMLButtonElement>("#batch-stop")!.click();
    }, 5);
  }, what);
}

/** How many pictures were captioned when that was done. */
async function countAtMiddle(page: Page): Promise<number> {
  const count = await page.evaluate(() => sessionStorage.getItem("captioned in the middle"));
  expect(count).not.toBeNull();
  return Number(count);
}

async function readScene(index: number): Promise<typeof BROKEN> {
  const { file: name } = SCENES[index]!;
  return { name, mimeType: "image/png", buffer: await readFile(scenePath(index)) };
}

async function countRecords(page: Page, database: string, store: string): Promise<number> {
  return page.evaluate(
    async ([database, store]) => {
      const opened = indexedDB.open(database!);
      await new Promise((resolve) => (opened.onsuccess = resolve));
      const count = opened.result.transaction(store!).objectStore(store!).count();
      await new Promise((resolve) => (count.onsuccess = resolve));
      return count.result;
    },
    [database, store],
  );
}

async function exported(page: Page, button: string): Promise<string> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: button }).click();
  return readFile(await (await download).path(), "utf8");
}

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
      '<input name="title" value="Look"><input type="file" name="pictures" multiple>' +
      "<button>Share</button>";
    Object.assign(form, { action: "/pwa/share", method: "post", enctype: "multipart/form-data" });
    document.body.append(form);
  });
  await page.locator("form input[type=file]").setInputFiles([...files]);
  await page.getByRole("button", { name: "Share" }).click();
  await page.waitForURL(/\/pwa\/(\?|$)/);
}
