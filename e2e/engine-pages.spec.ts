/** Firefox and WebKit, where they are installed: how tests drive their pages, and which colours those show. */

import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { findEngines } from "../tools/engines.ts";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { addressColours } from "./colour-kinds.ts";
import { launchFirefox } from "./engines/firefox.ts";
import { toBrowser } from "./engines/page.ts";
import { launchWebKit } from "./engines/webkit.ts";
import { expect, test } from "./fixtures.ts";

const { firefox, webkit } = findEngines();

/** Pixels of each picture in an `<img>` on white. Runs in the page. */
const showAll = async (addresses: Record<string, string>) => {
  const found: Record<string, Uint8ClampedArray> = {};
  for (const [kind, address] of Object.entries(addresses)) {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d")!;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0);
    found[kind] = context.getImageData(0, 0, canvas.width, canvas.height).data;
  }
  return found;
};

/** The kinds of colours that an engine shows otherwise than Chromium. docs/browsers.md has the figures. */
const HDR = [
  "PNG, PQ",
  "PNG, PQ, 16 bits",
  "PNG, HLG",
  "PNG, HLG, 16 bits",
  "AVIF, PQ",
  "AVIF, HLG",
];
const OTHER_COLOURS = {
  firefox: HDR,
  webkit: [
    ...HDR,
    "PNG, Display P3, 16 bits",
    "AVIF, Display P3",
    "WebP, P3 profile",
    "pillow/rot1mir0.avif",
    "pngsuite/xcsn0g01.png",
  ],
};

const COLOURS =
  "an <img> of another engine has Chromium's colours, but for the kinds that the docs name";
test(COLOURS, { tag: EXHAUSTIVE_TAG }, async ({ page: chromium, server }) => {
  const addresses = await addressColours();
  await chromium.goto(`${server.origin}/index.html`);
  const expected = await chromium.evaluate(showAll, addresses);
  for (const [name, launched] of Object.entries(launchAll())) {
    const engine = toBrowser(await launched);
    const page = await engine.newPage();
    await page.goto(`${server.origin}/index.html`);
    const seen = await page.evaluate(showAll, addresses);
    const others: string[] = [];
    for (const [kind, pixels] of Object.entries(seen)) {
      const difference = meanDifference(pixels, expected[kind]!);
      console.log(`${engine.version()}: ${kind}: ${difference.toFixed(2)}`);
      if (difference >= 3) others.push(kind);
    }
    expect(others.sort(), name).toEqual(OTHER_COLOURS[name as keyof typeof OTHER_COLOURS].sort());
    await engine.close();
  }
});

/** Of red, green and blue. */
function meanDifference(one: Uint8ClampedArray, other: Uint8ClampedArray): number {
  expect(one).toHaveLength(other.length);
  let sum = 0;
  for (const [at, value] of one.entries()) {
    if (at % 4 < 3) sum += Math.abs(value - other[at]!);
  }
  return sum / ((one.length / 4) * 3);
}

/** The engines that are here, with windows that keep what they store. */
const launchAll = () => ({
  ...(firefox !== undefined && { firefox: launchFirefox(firefox) }),
  ...(webkit?.keepingBrowser !== undefined && { webkit: launchWebKit(webkit) }),
});

test("other engines are driven as Playwright drives Chromium", async ({
  page: chromium,
  server,
}) => {
  const drive = async (page: Page): Promise<unknown> => {
    await page.addInitScript((value) => Object.assign(window, { early: value }), 7);
    // A policy of the page holds up no test.
    server.policy = "default-src 'none'";
    await page.goto(`${server.origin}/index.html`);
    const handle = await page.evaluateHandle((bytes) => ({ bytes }), new Uint8Array([1, 2]));
    const lines: string[] = [];
    page.on("console", (message) => {
      // What the browser itself says is its own.
      if (message.type() === "warning") lines.push(message.text());
    });
    const values = await page.evaluate(
      async ({ handle, text }) => {
        console.warn("a line", 5);
        await Promise.resolve();
        return {
          early: (window as unknown as { early: number }).early,
          isOwn: handle.bytes instanceof Uint8Array,
          text,
          numbers: [NaN, -0, Infinity, 10n],
          floats: new Float32Array([0.5, -1]),
          date: new Date(5),
          nothing: [undefined, null],
        };
      },
      { handle, text: 'é"\u2028' },
    );
    const failed = page.evaluate(() => Promise.reject(new RangeError("a fault")));
    const error = await failed.catch((thrown: unknown) => {
      return /\w+: a fault/.exec((thrown as Error).message)?.[0];
    });
    await page.reload();
    return { values, error, lines, early: await page.evaluate("window.early") };
  };
  await expectAlike(drive, chromium);
});

test("elements are found, compared and used there as Playwright does it in Chromium", async ({
  page: chromium,
  server,
}) => {
  const drive = async (page: Page): Promise<unknown> => {
    const asked: string[] = [];
    page.context().on("request", (request) => {
      if (request.url().includes("elsewhere")) asked.push(request.url());
    });
    const said: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "warning") said.push(message.text());
    });
    await page.context().route(/elsewhere/, (route) => {
      const headers = { "Access-Control-Allow-Origin": "*" };
      return route.fulfill({ status: 203, json: { from: route.request().url() }, headers });
    });
    await page.goto(`${server.origin}/index.html`);
    await page.evaluate(() => {
      document.body.innerHTML = `
        <label>Your name <input></label>
        <button hidden>Ask</button> <button>Ask me</button>
        <ul><li>One</li><li>Two <b>pears</b></li></ul>
        <a download="saved.txt" href="/index.html">Save</a>
        <button onclick="document.querySelector('input[type=file]').click()">Choose</button>
        <input type="file" style="display: none">
        <p style="height: 5000px"></p>
        <button onclick="console.warn('clicked'); this.textContent = event.isTrusted">Far below</button>
        <label><input type="checkbox"> Agreed</label>`;
    });
    const name = page.getByLabel("your NAME");
    await name.fill("Ada");
    await name.press("End");
    await page.keyboard.type("!");
    await page.keyboard.press("Tab");
    await expect(page.getByRole("button", { name: "ask" })).toBeFocused();
    await expect(page.getByRole("button", { name: "Ask", exact: true })).toBeHidden();
    await expect(page.getByRole("listitem")).toHaveText(["One", /two/i]);
    await expect(page.getByRole("listitem").filter({ hasText: "pears" })).toHaveCount(1);
    await expect(page.locator("li").nth(1).getByText("pears")).not.toHaveAttribute("title");
    await page.getByRole("button", { name: "Far below" }).click();
    await expect(page.getByRole("button", { name: "true" })).toBeVisible();
    // A test that has only locators hears its page, too.
    expect(said).toEqual(["clicked"]);
    await page.getByLabel("Agreed").check();
    const failures = [];
    for (const failing of [
      expect(page.locator("li")).toHaveText("One", { timeout: 500 }),
      expect(page.getByText("pears")).toBeHidden({ timeout: 500 }),
      page.locator("#nowhere").click({ timeout: 500 }),
      page.getByRole("button", { name: "Ask", exact: true }).click({ timeout: 500 }),
    ]) {
      failures.push(await failing.then(() => "no failure", kindOfFailure));
    }

    const saved = page.waitForEvent("download");
    await page.getByRole("link", { name: "Save" }).click();
    const bytes = await readFile(await (await saved).path(), "utf8");
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Choose" }).click();
    const file = { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("chosen") };
    await (await chooser).setFiles(file);
    const seen = await page.evaluate(async () => {
      const [name, files, agreed] = [...document.querySelectorAll("input")];
      const response = await fetch("https://elsewhere.example/a");
      return {
        name: name!.value,
        file: [files!.files![0]!.name, await files!.files![0]!.text()],
        isAgreed: agreed!.checked,
        answer: [response.status, await response.json()],
      };
    });
    return { seen, failures, asked, isSaved: bytes.includes("<html") };
  };
  const found = await expectAlike(drive, chromium);
  expect(found).toMatchObject({ seen: { name: "Ada!", isAgreed: true }, isSaved: true });
});

test("a click meets its element there, too, when the page moves under it", async ({
  page: chromium,
  server,
}) => {
  const drive = async (page: Page): Promise<unknown> => {
    await page.goto(`${server.origin}/index.html`);
    await page.evaluate(() => {
      document.body.innerHTML = `
        <button style="display: none; height: 200px">Other</button>
        <button style="display: block; height: 100px">Wanted</button>`;
      const clicked: string[] = [];
      Object.assign(window, { clicked });
      const buttons = [...document.querySelectorAll("button")];
      for (const button of buttons) {
        button.addEventListener("click", () => clicked.push(button.textContent));
      }
      // It takes the other's place as soon as the mouse comes.
      addEventListener("pointermove", () => (buttons[0]!.style.display = "block"), {
        capture: true,
      });
    });
    await page.getByRole("button", { name: "Wanted" }).click();
    return page.evaluate("window.clicked");
  };
  expect(await expectAlike(drive, chromium)).toEqual(["Wanted"]);
});

/** What Playwright's errors have in common in all engines. */
function kindOfFailure(error: unknown): string | undefined {
  const kinds = /strict mode violation|Timeout:? +500ms|Expected: hidden/;
  return kinds.exec((error as Error).message)?.[0].replace(/:? +/, " ");
}

/** Does the same in each engine. */
async function expectAlike(
  drive: (page: Page) => Promise<unknown>,
  chromium: Page,
): Promise<unknown> {
  const expected = await drive(chromium);
  for (const launched of Object.values(launchAll())) {
    const engine = toBrowser(await launched);
    expect(await drive(await engine.newPage()), engine.version()).toEqual(expected);
    await engine.close();
  }
  return expected;
}
