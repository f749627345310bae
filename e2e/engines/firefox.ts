/**
 * Debian's Firefox over Marionette. One page at a time, each in a container of its own: nothing is shared
 * from one to the next.
 *
 * Not over WebDriver BiDi, which puppeteer and Playwright speak: while a BiDi session is open, Firefox
 * listens for workers. `new Worker` in a worker then waits until the listener was called, and Firefox 153
 * now and then waits for ever (decisions/2026-11-26-firefox-without-bidi.md).
 */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, EnginePage } from "./engine.ts";
import { connectMarionette, type Marionette } from "./marionette.ts";

const PREFERENCES = {
  // Any free port; Firefox writes it into its profile.
  "marionette.port": 0,
  // Nothing to show, and nothing to ask, when a profile is used for the first time.
  "browser.startup.page": 0,
  "browser.startup.homepage_override.mstone": "ignore",
  "browser.aboutwelcome.enabled": false,
  "browser.newtabpage.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.enabled": false,
  "app.normandy.enabled": false,
  "extensions.autoDisableScopes": 15,
  // No traffic of the browser's own.
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
};

const START_TIMEOUT_MS = 60_000;
const SCRIPT_TIMEOUT_MS = 180_000;

export async function launchFirefox(executablePath: string): Promise<Engine> {
  const profile = await mkdtemp(join(tmpdir(), "firefox-"));
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  await writeFile(join(profile, "user.js"), lines.join("\n"));
  // The browser's own window opens the containers.
  const args = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access"];
  const firefox = spawn(executablePath, [...args, "--profile", profile], { stdio: "ignore" });
  // It would outlive a test run that is cut short.
  const killAtOnce = (): void => {
    firefox.kill("SIGKILL");
  };
  process.once("exit", killAtOnce);
  const close = async (): Promise<void> => {
    process.off("exit", killAtOnce);
    await kill(firefox);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const marionette = await connectMarionette(await findPort(profile));
    const { capabilities } = (await marionette.send("WebDriver:NewSession", {
      timeouts: { script: SCRIPT_TIMEOUT_MS, pageLoad: START_TIMEOUT_MS },
    })) as { capabilities: { browserName: string; browserVersion: string } };
    return {
      version: `${capabilities.browserName} ${capabilities.browserVersion}`,
      openFreshPage: () => openInContainer(marionette),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs in the browser's own window. A script that began in the tab's first, empty document would end with it. */
const OPEN_CONTAINER = `
  const { ContextualIdentityService } = ChromeUtils.importESModule(
    "resource://gre/modules/ContextualIdentityService.sys.mjs");
  const { waitForInitialNavigationCompleted } = ChromeUtils.importESModule(
    "chrome://remote/content/shared/Navigate.sys.mjs");
  const { userContextId } = ContextualIdentityService.create("test", "circle", "blue");
  gBrowser.selectedTab = gBrowser.addTab("about:blank", {
    userContextId,
    triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal(),
  });
  const { webProgress } = gBrowser.selectedBrowser.browsingContext;
  return waitForInitialNavigationCompleted(webProgress, { unloadTimeout: 5000 }).then(() => null);`;

async function openInContainer(marionette: Marionette): Promise<EnginePage> {
  const listWindows = () => marionette.send("WebDriver:GetWindowHandles") as Promise<string[]>;
  const before = await listWindows();
  await marionette.send("Marionette:SetContext", { value: "chrome" });
  await marionette.send("WebDriver:ExecuteScript", { script: OPEN_CONTAINER, args: [] });
  await marionette.send("Marionette:SetContext", { value: "content" });
  const handle = (await listWindows()).find((window) => !before.includes(window));
  await marionette.send("WebDriver:SwitchToWindow", { handle });
  return toPage(marionette, before[0]!);
}

/** What came of a function in the page. */
type Outcome = { readonly value: unknown } | { readonly thrown: string };

function toPage(marionette: Marionette, nextWindow: string): EnginePage {
  return {
    async goto(url) {
      await marionette.send("WebDriver:Navigate", { url });
    },
    async evaluate(work, argument) {
      const script = `const [argument, done] = arguments;
        Promise.resolve(argument).then(${String(work)}).then(
          (value) => done({ value }),
          (error) => done({ thrown: error + "\\n" + error?.stack }));`;
      const { value: outcome } = (await marionette.send("WebDriver:ExecuteAsyncScript", {
        script,
        args: [argument],
      })) as { value: Outcome };
      if ("thrown" in outcome) throw new Error(`In the page: ${outcome.thrown}`);
      return outcome.value as Awaited<ReturnType<typeof work>>;
    },
    async close() {
      await marionette.send("WebDriver:CloseWindow");
      await marionette.send("WebDriver:SwitchToWindow", { handle: nextWindow });
    },
  };
}

async function findPort(profile: string): Promise<number> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const port = await readFile(join(profile, "MarionetteActivePort"), "utf8").catch(() => "");
    if (port !== "") return Number(port);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("Firefox did not start");
}

/** At once: nothing of its profile is needed any more. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
