/** The demo, as a newcomer meets it. */

import type { Locator, Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, test, TINY_MODEL_FOLDER } from "./fixtures.ts";
import { pasteOrDrop } from "./paste-and-drop.ts";
import type { TestServer } from "./server/test-server.ts";

/** Opens the demo and waits for the caption that it writes by itself. */
async function openDemo(page: Page, server: TestServer, query = ""): Promise<Locator> {
  await page.goto(`${server.origin}/demo/index.html${query}`);
  const answer = page.locator("#answer");
  await expectFinished(page, "Brief caption");
  return answer;
}

async function expectFinished(page: Page, asked: string): Promise<void> {
  await expect(page.locator("#asked")).toHaveText(asked, { timeout: 90_000 });
  await expect(page.locator("#answer")).not.toHaveAttribute("aria-busy");
  await expect(page.locator("#answer")).toHaveText(/\w/);
}

test("captions the first sample by itself", async ({ page, server }) => {
  const complaints: string[] = [];
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await openDemo(page, server);
  await expect(page.locator("#facts")).toContainText("fastvlm-kit/tiny");
  await expect(page.locator("#facts")).toContainText("Not on the GPU");
  await expect(page.getByRole("row")).toHaveCount(7);
  await expect(page.locator("#loading")).toBeHidden();
  // The content security policy would complain here, too.
  expect(complaints).toEqual([]);
});

test("asks nothing of other hosts", { tag: EXHAUSTIVE_TAG }, async ({ page, server }) => {
  const hosts = new Set<string>();
  page.context().on("request", (request) => hosts.add(new URL(request.url()).origin));
  await openDemo(page, server);
  hosts.delete("null"); // blob: and data:
  hosts.delete(server.origin);
  expect([...hosts]).toEqual([]);
  expect(server.requests).toContain("/demo/index.html");
});

test("answers a question, and remembers the answer", async ({ page, server }) => {
  await openDemo(page, server);
  await page.getByLabel("Your question").fill("What is on the right?");
  const ask = page.getByRole("button", { name: "Ask", exact: true });
  await ask.click();
  await expectFinished(page, "What is on the right?");
  const first = await page.locator("#answer").textContent();
  await ask.click();
  await expect(page.locator("#facts")).toContainText("yes: times are of the look-up");
  await expect(page.locator("#answer")).toHaveText(first!);
});

test(
  "answers a suggested question about another sample",
  { tag: EXHAUSTIVE_TAG },
  async ({ page, server }) => {
    await openDemo(page, server);
    const sample = page.getByRole("button", { name: "A book and a dog" });
    await sample.click();
    await expect(sample).toHaveAttribute("aria-pressed", "true");
    await expectFinished(page, "Brief caption");
    await page.getByRole("button", { name: "Is there a dog?" }).click();
    await expectFinished(page, "Is there a dog?");
    await expect(page.getByLabel("Your question")).toHaveValue("Is there a dog?");
  },
);

test("stops when told to, and answers the next question", async ({ page, server }) => {
  await openDemo(page, server);
  server.faults.push({ path: "frog", kind: "stall" });
  await page.getByRole("button", { name: "A frog" }).click();
  await expect(page.getByText("Thinking")).toBeVisible();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped")).toBeVisible();
  await page.getByRole("button", { name: "A book and a dog" }).click();
  await expectFinished(page, "Brief caption");
});

test("writes alt text and copies it", async ({ page, server, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const answer = await openDemo(page, server);
  await page.getByRole("button", { name: "Alt text" }).click();
  await expectFinished(page, "Alt text");
  await page.getByRole("button", { name: "Copy" }).click();
  await expect(page.getByText("Copied")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    await answer.textContent(),
  );
});

test("says in words what is wrong with a file, and loses nothing", async ({ page, server }) => {
  const answer = await openDemo(page, server);
  const caption = await answer.textContent();
  await page.getByLabel("Your question").fill("Is there a crab?");
  const buffer = Buffer.from("This is no picture.");
  await page.locator("#file").setInputFiles({ name: "broken.png", mimeType: "image/png", buffer });
  await expect(page.locator("#problem")).toHaveText(/\w+ \w+ \w+/);
  await expect(page.locator("#picture-name")).toHaveText("A crab and an alarm clock");
  await expect(answer).toHaveText(caption!);
  await expect(page.getByLabel("Your question")).toHaveValue("Is there a crab?");

  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expectFinished(page, "Is there a crab?");
  await expect(page.locator("#problem")).toBeEmpty();
});

test("takes a pasted and a dropped picture", async ({ page, server }) => {
  await openDemo(page, server);
  const sample = (await page.locator("#samples li:nth-child(5) img").getAttribute("src"))!;
  for (const kind of ["paste", "drop"] as const) {
    await pasteOrDrop(page, kind, sample);
    await expect(page.locator("#picture-name")).toHaveText(`${kind}.png`);
    await expectFinished(page, "Brief caption");
  }
});

test("works with the keyboard alone", async ({ page, server }) => {
  await openDemo(page, server);
  const pressed = async (key: string, count: number): Promise<void> => {
    for (let index = 0; index < count; index++) await page.keyboard.press(key);
  };
  const fileChooser = page.waitForEvent("filechooser");
  await page.keyboard.press("Tab");
  await expect(page.locator("#drop")).toBeFocused();
  await page.keyboard.press("Enter");
  await fileChooser;

  await pressed("Tab", 4);
  const second = page.getByRole("button", { name: "A book and a dog" });
  await expect(second).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(second).toHaveAttribute("aria-pressed", "true");
  await expectFinished(page, "Brief caption");

  for (let index = 0; index < 20; index++) {
    await page.keyboard.press("Tab");
    if (
      await page.getByLabel("Your question").evaluate((field) => field === document.activeElement)
    )
      break;
  }
  await page.keyboard.type("How many objects are there?");
  await page.keyboard.press("Enter");
  await expectFinished(page, "How many objects are there?");
});

test("fits a phone: no sideways scrolling, and targets that a thumb can hit", async ({
  page,
  server,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openDemo(page, server);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.getByLabel("Your question").fill("w".repeat(300));
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expectFinished(page, "w".repeat(300));
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  const small = await page.locator("button:visible, input:visible").evaluateAll((targets) =>
    targets
      .filter((target) => {
        const { width, height } = target.getBoundingClientRect();
        return width < 44 || height < 44;
      })
      .map(({ id, textContent }) => id || textContent),
  );
  expect(small).toEqual([]);
});

/** The hub has no such file, for good: what may pass is tried again for a minute. */
async function refuseHub(page: Page): Promise<void> {
  const headers = { "Access-Control-Allow-Origin": "*" };
  await page.context().route(/huggingface\.co/, (route) => route.fulfill({ status: 404, headers }));
}

async function openPhotos(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "A model for photos" }).click();
  return page.getByRole("dialog", { name: "A model for photos" });
}

test("offers SmolVLM first for photos, and tells bytes, licence and device before it asks for anything", async ({
  page,
  server,
}) => {
  await refuseHub(page);
  const asked: string[] = [];
  page.context().on("request", (request) => {
    if (request.url().includes("huggingface")) asked.push(request.url());
  });
  await openDemo(page, server);
  const dialog = await openPhotos(page);
  await expect(dialog.getByRole("radio")).toHaveCount(3);
  const products = "Apache-2.0: may be used in products";
  const first = dialog.getByRole("radio", { name: `SmolVLM-256M 263 MB · ${products}` });
  await expect(first).toBeChecked();
  await expect(
    dialog.getByRole("radio", { name: `SmolVLM-500M about 515 MB · ${products}` }),
  ).not.toBeChecked();
  await expect(
    dialog.getByRole("radio", { name: /^FastVLM-0.5B about [\d.]+ GB · .*research only/ }),
  ).not.toBeChecked();
  await expect(dialog.getByRole("definition")).toHaveText([
    "263 MB, once; this browser keeps it",
    "CPU (WebAssembly): works, but an answer takes a while",
    /^one tile of 512 × 512 pixels by default/,
  ]);
  await expect(dialog.getByRole("checkbox")).toBeHidden();
  expect(asked).toEqual([]);

  await dialog.getByRole("button", { name: "Download" }).click();
  await expect(dialog.getByRole("alert")).toContainText("The embedded model stays in use.");
  expect(asked[0]).toContain("/HuggingFaceTB/SmolVLM-256M-Instruct/resolve/");
});

test("says whether the GPU has float16, and counts the bytes of its files", async ({
  page,
  server,
}) => {
  // The dialog needs no model: to load one for each case would take longer than to look.
  server.faults.push({ path: ".onnx", kind: "status", status: 404 });
  // What a page learns about a GPU; none is used here.
  await page.addInitScript(() => {
    const features = new Set(location.search.includes("half") ? ["shader-f16"] : []);
    const gpu = { requestAdapter: () => Promise.resolve({ features, info: {} }) };
    Object.defineProperty(navigator, "gpu", { value: gpu });
  });
  for (const [query, facts] of [
    ["?half", ["164 MB, once; this browser keeps it", "GPU (WebGPU with float16)"]],
    ["", ["182 MB, once; this browser keeps it", "GPU (WebGPU without float16: larger files)"]],
  ] as const) {
    await page.goto(`${server.origin}/demo/index.html${query}`);
    await expect(page.locator("#open-photos")).toBeEnabled({ timeout: 60_000 });
    const dialog = await openPhotos(page);
    await expect(dialog.getByRole("definition")).toHaveText([...facts, /^up to five tiles/]);
  }
});

test("offers FastVLM-0.5B only to who accepts its licence, and survives its failing", async ({
  page,
  server,
}) => {
  await refuseHub(page);
  const asked: string[] = [];
  page.context().on("request", (request) => asked.push(request.url()));
  await openDemo(page, server);
  const dialog = await openPhotos(page);
  await dialog.getByRole("radio", { name: "FastVLM-0.5B" }).check();
  const download = dialog.getByRole("button", { name: "Download" });
  const consent = dialog.getByRole("checkbox");
  await expect(dialog).toContainText(/about [\d.]+ (MB|GB)/);
  await expect(dialog).toContainText("research");
  await expect(dialog.getByRole("link")).toHaveAttribute("href", /LICENSE$/);
  await expect(consent).not.toBeChecked();
  await expect(download).toBeDisabled();
  expect(asked.filter((url) => url.includes("huggingface"))).toEqual([]);

  await consent.check();
  await download.click();
  await expect(dialog.getByRole("alert")).toContainText("The embedded model stays in use.");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Is there a dog?" }).click();
  await expectFinished(page, "Is there a dog?");
});

test(
  "takes FastVLM-0.5B into use, and goes back to the embedded model",
  { tag: EXHAUSTIVE_TAG },
  async ({ page, server }) => {
    // The embedded model's files under the large model's names: the ways are the same, the answers are not.
    // A revision of that name, since the repository's own is held to hashes.
    const commit = "c0ffee".padEnd(40, "0");
    await page.context().route(/huggingface\.co/, (route) => {
      const { pathname } = new URL(route.request().url());
      const headers = { "Access-Control-Allow-Origin": "*" };
      if (pathname.endsWith("/revision/tiny"))
        return route.fulfill({ json: { sha: commit }, headers });
      const type = { "Content-Type": "application/octet-stream" };
      const file = pathname.split(`/resolve/${commit}/`)[1]!;
      return route.fulfill({
        path: `${TINY_MODEL_FOLDER}${file}`,
        headers: { ...headers, ...type },
      });
    });
    await openDemo(page, server, "?revision=tiny");
    const dialog = await openPhotos(page);
    await dialog.getByRole("radio", { name: "FastVLM-0.5B" }).check();
    await dialog.getByRole("checkbox").check();
    await dialog.getByRole("button", { name: "Download" }).click();
    await expect(dialog).toBeHidden({ timeout: 60_000 });
    await expect(page.getByRole("heading", { name: "FastVLM-0.5B" })).toBeVisible();
    await expect(page.locator("#facts")).toContainText("onnx-community/FastVLM-0.5B-ONNX");

    const back = page.getByRole("button", { name: "Back to the embedded model" });
    await expect(back).toBeFocused();
    await back.press("Enter");
    await expect(page.locator("#facts")).toContainText("fastvlm-kit/tiny");
    await expectFinished(page, "Brief caption");
    await expect(page.getByRole("button", { name: "A model for photos" })).toBeFocused();
  },
);

test(
  "cancels the download of a model for photos",
  { tag: EXHAUSTIVE_TAG },
  async ({ page, server }) => {
    // Never answered: the download hangs until it is cancelled.
    await page.context().route(/huggingface\.co/, () => undefined);
    await openDemo(page, server);
    const dialog = await openPhotos(page);
    await dialog.getByRole("button", { name: "Download" }).click();
    await expect(dialog.getByRole("progressbar")).toBeVisible();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect(dialog).toBeHidden();
    await page.getByRole("button", { name: "Is there a dog?" }).click();
    await expectFinished(page, "Is there a dog?");
  },
);

test(
  "offers to load again when the model did not arrive",
  { tag: EXHAUSTIVE_TAG },
  async ({ page, server }) => {
    server.faults.push({ path: ".onnx", kind: "status", status: 404 });
    await page.goto(`${server.origin}/demo/index.html`);
    await expect(page.locator("#problem")).toHaveText(/\w+ \w+ \w+/, { timeout: 60_000 });
    server.faults.length = 0;
    await page.getByRole("button", { name: "Try loading again" }).click();
    await expectFinished(page, "Brief caption");
  },
);

test("says in words that there is no camera", async ({ page, server }) => {
  await openDemo(page, server);
  await page.getByRole("button", { name: "Use the camera" }).click();
  const dialog = page.getByRole("dialog", { name: "Camera" });
  await expect(dialog.getByRole("alert")).toContainText("choose a file");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});
