/**
 * `node --import tsx e2e/upgrade/keep-version.ts NAME`: keeps this version of the kit as the fixture of the tests of upgrades.
 * Run it on the commit of a release, and commit what it wrote. `--out FOLDER` writes it elsewhere.
 */

import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { build } from "vite";
import { CHROMIUM_ARGS } from "../../tools/browser.ts";
import { repositoryPath } from "../../tools/run.ts";
import { startTestServer } from "../server/test-server.ts";
import {
  findOnnxRuntime,
  QUESTIONS,
  readBuiltPages,
  UPGRADE_PAGES_FOLDER,
  writeLastVersion,
} from "./last-version.ts";
import { dumpOrigin } from "./stored-origin.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { out: { type: "string" } },
});
const [name] = positionals;
if (name === undefined) throw new Error("Say what this version is called, such as its tag.");

await build({ configFile: repositoryPath("e2e/upgrade/vite.config.ts"), logLevel: "warn" });
const onnxRuntime = findOnnxRuntime();
const server = await startTestServer({
  isolated: true,
  folders: {
    "/": UPGRADE_PAGES_FOLDER,
    "/models/tiny/": repositoryPath("packages/tiny/model/"),
    "/scenes/": repositoryPath("e2e/fixtures/scenes/"),
    "/onnxruntime/": onnxRuntime.folder,
  },
});
const executablePath = process.env["CHROME_PATH"];
const browser = await chromium.launch({
  args: [...CHROMIUM_ARGS],
  ...(executablePath !== undefined && { executablePath }),
});
try {
  const page = await browser.newPage();
  // The compiler that runs this file names functions with a helper that the page does not have.
  await page.addInitScript("globalThis.__name = (value) => value");
  await page.goto(`${server.origin}/index.html`);
  await page.waitForFunction(() => "visit" in window);
  const { answers } = await page.evaluate((questions) => window.visit(questions), QUESTIONS);
  const stored = await page.evaluate(dumpOrigin);
  writeLastVersion(
    {
      name,
      onnxRuntime: onnxRuntime.version,
      pages: readBuiltPages(UPGRADE_PAGES_FOLDER),
      answers: answers.map(({ text }) => text),
      stored,
    },
    values.out,
  );
  for (const [database, entries] of Object.entries(stored.databases))
    console.log(`${database}: ${String(entries.length)} entries`);
  console.log(`${String(Object.keys(stored.files).length)} private files`);
  console.log(answers);
} finally {
  await browser.close();
  await server.close();
}
