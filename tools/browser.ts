/** Finds a Chromium for tests and the command line, and gets one where there is none. */

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const NAMES = ["google-chrome-stable", "google-chrome", "chromium", "chromium-browser"];
const FIXED_PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Chromium's arguments: WebGPU without a graphics card, and no traffic of the browser's own. */
export const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
] as const;

/** A software adapter: slow, but WebGPU for real. Without these, headless Chromium has no adapter. */
export const SOFTWARE_WEBGPU_ARGS = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
] as const;

/** The machine's own GPU. On Linux, Chromium reaches one through Vulkan only, and without a window only if it draws with it. */
export const HARDWARE_WEBGPU_ARGS: readonly string[] = [
  "--enable-unsafe-webgpu",
  ...(process.platform === "linux"
    ? [
        "--enable-features=Vulkan",
        "--use-angle=vulkan",
        "--disable-vulkan-surface",
        "--ignore-gpu-blocklist",
      ]
    : []),
];

/** Whether `FASTVLM_GPU=hardware` asks the tests of WebGPU to run on the machine's own GPU, not on the software adapter. */
export const isHardwareTested: boolean = process.env["FASTVLM_GPU"] === "hardware";

/**
 * The path of a Chrome or Chromium; undefined means Playwright's own. Installs one where there is
 * none: Debian's package when root, else Playwright's download. Says in one line what it does.
 */
export function ensureBrowser(say: (line: string) => void): string | undefined {
  const installed = findBrowser();
  if (installed) {
    say(`Browser: ${installed}`);
    return installed;
  }
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    say("Browser: none found; installing Debian's chromium package");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    execFileSync("apt-get", ["update", "-qq"], { env, stdio: ["ignore", "ignore", "inherit"] });
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const fresh = findBrowser();
    if (fresh) return fresh;
  }
  say("Browser: none found; installing Playwright's Chromium");
  const cli = createRequire(import.meta.url).resolve("@playwright/test/cli");
  const { status } = spawnSync(process.execPath, [cli, "install", "chromium"], {
    stdio: "inherit",
  });
  if (status !== 0) {
    throw new Error(
      "No browser could be installed. Install Chrome or Chromium, or set CHROME_PATH to one.",
    );
  }
  return undefined;
}

function findBrowser(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env["CHROME_PATH"], ...onPath, ...FIXED_PLACES].find(
    (path) => path !== undefined && path !== "" && existsSync(path),
  );
}
