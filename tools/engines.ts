/**
 * Finds Firefox and WebKit for the tests. They are Debian's own: Playwright's are builds of its own,
 * which have to be downloaded from its servers.
 */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { arch } from "node:process";
import { fileURLToPath } from "node:url";

/** What a test needs to start each engine; undefined where it is not installed. */
export interface Engines {
  readonly firefox: string | undefined;
  readonly webkit: WebKitPaths | undefined;
}

export interface WebKitPaths {
  /** Speaks WebDriver. */
  readonly driver: string;
  /** The browser that comes with it: its windows are private. */
  readonly browser: string;
  /** A screen in memory: the window needs one. */
  readonly screen: string;
  /** A browser of these tests, whose windows keep what they store; undefined where its parts are missing. */
  readonly keepingBrowser: string | undefined;
}

/** Debian's packages. */
const PACKAGES = [
  "firefox-esr",
  "webkit2gtk-driver",
  "xvfb",
  "xauth",
  // For the browser that keeps what it stores.
  "python3-gi",
  "gir1.2-webkit2-4.1",
];

const KEEPING_BROWSER = fileURLToPath(new URL("../e2e/engines/webkit-window.py", import.meta.url));

const FIREFOX = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

const TRIPLETS: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

export function findEngines(): Engines {
  const { FIREFOX_PATH } = process.env;
  const firefox = [FIREFOX_PATH, ...FIREFOX].find(isFile);
  const libraries = `/usr/lib/${TRIPLETS[arch] ?? arch}-linux-gnu`;
  const webkit = {
    driver: "/usr/bin/WebKitWebDriver",
    browser: `${libraries}/webkit2gtk-4.1/MiniBrowser`,
    screen: "/usr/bin/Xvfb",
  };
  const bindings = [
    "/usr/lib/python3/dist-packages/gi",
    `${libraries}/girepository-1.0/WebKit2-4.1.typelib`,
  ];
  const keepingBrowser = bindings.every(isFile) ? KEEPING_BROWSER : undefined;
  return {
    firefox,
    webkit: Object.values(webkit).every(isFile) ? { ...webkit, keepingBrowser } : undefined,
  };
}

/** Says in one line which engines there are, and how to get those that are missing. */
export function reportEngines(say: (line: string) => void): void {
  const { firefox, webkit } = findEngines();
  if (firefox !== undefined && webkit) {
    say(`Engines: ${firefox}, ${webkit.browser}`);
    return;
  }
  const missing = [firefox === undefined && "Firefox", !webkit && "WebKit"].filter(Boolean);
  say(
    `Engines: the tests of ${missing.join(" and ")} are not run; on Debian: apt-get install ${PACKAGES.join(" ")}`,
  );
}

/** Installs what is missing, where it can be: on Debian, as root. */
export function installEngines(): void {
  const { firefox, webkit } = findEngines();
  if ((firefox !== undefined && webkit?.keepingBrowser !== undefined) || process.getuid?.() !== 0)
    return;
  if (!existsSync("/usr/bin/apt-get")) return;
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "inherit"] as ["ignore", "ignore", "inherit"],
  };
  execFileSync("apt-get", ["update", "-qq"], options);
  execFileSync(
    "apt-get",
    ["install", "-y", "-qq", "--no-install-recommends", ...PACKAGES],
    options,
  );
}

function isFile(path: string | undefined): path is string {
  return path !== undefined && path !== "" && existsSync(path);
}
