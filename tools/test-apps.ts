/**
 * `npm run test:apps`: packs the packages, and installs, builds and opens an app for each way to build one, in e2e/apps.
 * Arguments go to Playwright: `npm run test:apps -- apps/next`.
 */

import { ensureBrowser } from "./browser.ts";
import { EXHAUSTIVE_ENV } from "./exhaustive.ts";
import { buildTiny, runBin } from "./run.ts";

await buildTiny();
const path = ensureBrowser(console.log);
const args = ["test", "--config", "e2e/playwright.config.ts", "--project=apps"];
const env = { ...EXHAUSTIVE_ENV, ...(path !== undefined && { CHROME_PATH: path }) };
process.exitCode = (await runBin("playwright", [...args, ...process.argv.slice(2)], { env }))
  ? 0
  : 1;
