/**
 * Debian's WebKitGTK over WebDriver. It needs a screen, and has to be told to switch on what Safari has. A driver serves one
 * session, so each context has its own.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WebKitPaths } from "../../tools/engines.ts";
import { createQueue, type Engine, type EngineContext, type EngineWindow } from "./engine.ts";
import { openInternet, type Internet } from "./internet.ts";

const FEATURES = [
  "FileSystem",
  "AccessHandle",
  "StorageAPI",
  "StorageAPIEstimate",
  "FileSystemWritableStream",
];

const TIMEOUT_MS = 60_000;

/** @param isPrivate private windows: nothing is kept, and IndexedDB refuses Blobs */
export async function launchWebKit(paths: WebKitPaths, isPrivate = false): Promise<Engine> {
  const { screen, display } = await startScreen(paths.screen);
  const internet = await openInternet();
  const open = () =>
    openContext(paths.driver, isPrivate ? PRIVATE(paths) : KEEPING(paths), display, internet);
  // Only a session says which version it is of.
  const first = await open();
  let unused: Context | undefined = first;
  return {
    version: first.version,
    internet,
    async openContext() {
      const context = unused ?? (await open());
      unused = undefined;
      return context;
    },
    async close() {
      await unused?.close();
      await internet.close();
      await end(screen);
    },
  };
}

interface Binary {
  readonly binary: string;
  readonly args: readonly string[];
}

/** The browser that comes with WebKitGTK. */
const PRIVATE = ({ browser }: WebKitPaths): Binary => ({
  binary: browser,
  args: ["--automation", `--features=${FEATURES.map((name) => `+${name}`).join()}`],
});

const KEEPING = ({ keepingBrowser }: WebKitPaths): Binary => {
  if (keepingBrowser === undefined) throw new Error("Python's bindings of WebKitGTK are missing");
  return { binary: keepingBrowser, args: [] };
};

interface Session {
  readonly sessionId: string;
  readonly capabilities: { readonly browserName: string; readonly browserVersion: string };
}

interface Context extends EngineContext {
  readonly version: string;
}

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

async function openContext(
  driverPath: string,
  browserOptions: Binary,
  display: string,
  { host, port: internetPort }: Internet,
): Promise<Context> {
  const profile = await mkdtemp(join(tmpdir(), "webkit-"));
  const downloads = join(profile, "downloads");
  await mkdir(downloads);
  const port = await findFreePort();
  const driver = spawn(driverPath, [`--port=${port}`], {
    stdio: "ignore",
    env: {
      ...process.env,
      // The language of a page: without one, WebKit tells it "C", which `Intl` does not know.
      LANG: "en_US.UTF-8",
      DISPLAY: display,
      GDK_BACKEND: "x11",
      LIBGL_ALWAYS_SOFTWARE: "1",
      NO_AT_BRIDGE: "1",
      // Its sandbox needs rights that a container does not give; the pages are our own.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      JSC_useSharedArrayBuffer: "1",
      WEBKIT_PROFILE: profile,
      WEBKIT_FEATURES: FEATURES.join(),
      WEBKIT_PROXY: `http://${host}:${internetPort}`,
    },
  });
  endWithThisProcess(driver);
  const callDriver = createCaller(`http://127.0.0.1:${port}`);
  await untilItAnswers(callDriver);
  const { sessionId, capabilities } = (await callDriver("POST", "/session", {
    capabilities: {
      alwaysMatch: {
        timeouts: { script: TIMEOUT_MS, pageLoad: TIMEOUT_MS },
        "webkitgtk:browserOptions": browserOptions,
      },
    },
  })) as Session;
  const call: Call = (method, path, body) =>
    callDriver(method, `/session/${sessionId}${path}`, body);

  const queue = createQueue();
  let current: string | undefined;
  /** Commands of one window, none of another in between. */
  const within = <Result>(handle: string, work: () => Promise<Result>): Promise<Result> =>
    queue(async () => {
      if (current !== handle) await call("POST", "/window", { handle });
      current = handle;
      return work();
    });
  // A session begins with a window, and ends with the last one: this one stays to the end.
  const first = (await call("GET", "/window")) as string;
  let windows = 0;
  return {
    version: `${capabilities.browserName} ${capabilities.browserVersion}`,
    downloads,
    async openWindow() {
      // The current window may be one that was closed.
      const { handle } = await within(
        first,
        () => call("POST", "/window/new", { type: "window" }) as Promise<{ handle: string }>,
      );
      const scripts = join(profile, "scripts", String(++windows));
      return toWindow((work) => within(handle, work), call, scripts);
    },
    async setOffline(isOffline) {
      const file = join(profile, "offline");
      await (isOffline ? writeFile(file, "") : rm(file));
      // The browser hears of it from the file system.
      await new Promise((resolve) => setTimeout(resolve, 500));
    },
    async close() {
      await callDriver("DELETE", `/session/${sessionId}`).catch(() => undefined);
      await end(driver);
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function toWindow(
  within: <Result>(work: () => Promise<Result>) => Promise<Result>,
  call: Call,
  scripts: string,
): EngineWindow {
  let added = 0;
  return {
    engine: "webkit",
    async goto(url) {
      await within(() => call("POST", "/url", { url }));
    },
    async reload() {
      await within(() => call("POST", "/refresh", {}));
    },
    evaluate: (expression) =>
      within(async () => {
        const script = `return ${expression};`;
        return (await call("POST", "/execute/sync", { script, args: [] })) as string;
      }),
    // The browser with private windows does not read them.
    async addInitScript(script) {
      await mkdir(scripts, { recursive: true });
      await writeFile(join(scripts, `${String(added++).padStart(3, "0")}.js`), script);
    },
    async performActions(actions) {
      await within(() => call("POST", "/actions", { actions }));
    },
    async resize(width, height) {
      await within(() => call("POST", "/window/rect", { width, height }));
    },
    // Each has a window of its own, and none covers another.
    bringToFront: () => Promise.resolve(),
    async close() {
      await within(() => call("DELETE", "/window"));
    },
  };
}

function createCaller(driver: string): Call {
  return async (method, path, body) => {
    const response = await fetch(driver + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS + 30_000),
    });
    const { value } = (await response.json()) as { value: unknown };
    if (response.ok) return value;
    const { error, message } = value as { error: string; message: string };
    throw new Error(`WebDriver: ${error}: ${message}`);
  };
}

async function untilItAnswers(call: Call): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await call("GET", "/status");
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Xvfb chooses a display that is free and writes its number down. */
async function startScreen(path: string): Promise<{ screen: ChildProcess; display: string }> {
  const args = ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"];
  const screen = spawn(path, args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  endWithThisProcess(screen);
  const number = await new Promise<string>((resolve, reject) => {
    screen.stdio[3]!.once("data", (data) => {
      resolve(String(data).trim());
    });
    screen.once("exit", () => {
      reject(new Error("Xvfb did not start"));
    });
  });
  return { screen, display: `:${number}` };
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** It would outlive a test run that is cut short. */
function endWithThisProcess(child: ChildProcess): void {
  const kill = (): void => {
    child.kill("SIGTERM");
  };
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  if (child.exitCode === null && child.kill("SIGTERM")) await ended;
}
