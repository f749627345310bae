/**
 * Debian's WebKitGTK over WebDriver. Its MiniBrowser needs a screen, has to be told to switch on what
 * Safari has, and opens private windows: nothing is kept from one session to the next.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import type { WebKitPaths } from "../../tools/engines.ts";
import type { Engine, EnginePage } from "./engine.ts";

const FEATURES = ["FileSystem", "AccessHandle", "StorageAPI", "StorageAPIEstimate"];

const SCRIPT_TIMEOUT_MS = 180_000;

export async function launchWebKit(paths: WebKitPaths): Promise<Engine> {
  const { screen, display } = await startScreen(paths.screen);
  const port = await findFreePort();
  const driver = spawn(paths.driver, [`--port=${port}`], {
    stdio: "ignore",
    env: {
      ...process.env,
      DISPLAY: display,
      GDK_BACKEND: "x11",
      LIBGL_ALWAYS_SOFTWARE: "1",
      NO_AT_BRIDGE: "1",
      // Its sandbox needs rights that a container does not give; the pages are our own.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      JSC_useSharedArrayBuffer: "1",
    },
  });
  const call = createCaller(`http://127.0.0.1:${port}`);
  await untilItAnswers(call);

  const openSession = () =>
    call("POST", "/session", {
      capabilities: {
        alwaysMatch: {
          timeouts: { script: SCRIPT_TIMEOUT_MS, pageLoad: 60_000 },
          "webkitgtk:browserOptions": {
            binary: paths.browser,
            args: ["--automation", `--features=${FEATURES.map((name) => `+${name}`).join()}`],
          },
        },
      },
    }) as Promise<Session>;
  const first = await openSession();
  let unused: Session | undefined = first;
  return {
    version: `${first.capabilities.browserName} ${first.capabilities.browserVersion}`,
    async openFreshPage() {
      // The driver serves one session at a time.
      const session = unused ?? (await openSession());
      unused = undefined;
      return toPage(call, `/session/${session.sessionId}`);
    },
    async close() {
      if (unused) await call("DELETE", `/session/${unused.sessionId}`);
      await end(driver);
      await end(screen);
    },
  };
}

interface Session {
  readonly sessionId: string;
  readonly capabilities: { readonly browserName: string; readonly browserVersion: string };
}

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** What came of a function in the page. */
type Outcome = { readonly value: unknown } | { readonly thrown: string };

function toPage(call: Call, session: string): EnginePage {
  return {
    async goto(url) {
      await call("POST", `${session}/url`, { url });
    },
    async evaluate(work, argument) {
      const script = `const [argument, done] = arguments;
        Promise.resolve(argument).then(${String(work)}).then(
          (value) => done({ value }),
          (error) => done({ thrown: error + "\\n" + error?.stack }));`;
      const outcome = (await call("POST", `${session}/execute/async`, {
        script,
        args: [argument],
      })) as Outcome;
      if ("thrown" in outcome) throw new Error(`In the page: ${outcome.thrown}`);
      return outcome.value as Awaited<ReturnType<typeof work>>;
    },
    async close() {
      await call("DELETE", session);
    },
  };
}

function createCaller(driver: string): Call {
  return async (method, path, body) => {
    const response = await fetch(driver + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(SCRIPT_TIMEOUT_MS + 30_000),
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

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  if (child.exitCode === null && child.kill("SIGTERM")) await ended;
}
