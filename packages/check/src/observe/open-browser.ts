/** Opens a headless Chromium: one that is named, one of this machine, or the one that Playwright has installed. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser } from "playwright-core";

const NAMES = ["google-chrome-stable", "google-chrome", "chromium", "chromium-browser"];
const CHANNELS = ["chrome", "msedge", undefined] as const;

/**
 * @param path of a Chrome or Chromium. Default: `CHROME_PATH`, then what is installed
 * @throws {Error} when none can be started; the message says what to do
 */
export async function openBrowser(path?: string): Promise<Browser> {
  // As root, Chromium does not start with its sandbox.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const executablePath = path ?? process.env["CHROME_PATH"] ?? findOnPath();
  if (executablePath !== undefined) return chromium.launch({ executablePath, args });
  for (const channel of CHANNELS) {
    try {
      return await chromium.launch({ args, ...(channel && { channel }) });
    } catch {
      // The next one may be installed.
    }
  }
  throw new Error(
    "There is no Chrome or Chromium. Name one with --browser or CHROME_PATH, or run `npx playwright install chromium`.",
  );
}

function findOnPath(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) =>
    existsSync(path),
  );
}
