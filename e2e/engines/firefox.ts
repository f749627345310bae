/**
 * Debian's Firefox over Marionette. Each context is a container of its own: nothing is shared from one to the next.
 *
 * Not over WebDriver BiDi, which puppeteer and Playwright speak: while a BiDi session is open, Firefox
 * listens for workers. `new Worker` in a worker then waits until the listener was called, and Firefox 153
 * now and then waits for ever (decisions/2026-11-26-firefox-without-bidi.md).
 */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, type Engine, type EngineContext, type EngineWindow } from "./engine.ts";
import { openInternet } from "./internet.ts";
import { connectMarionette, type Marionette } from "./marionette.ts";

type Preferences = Readonly<Record<string, string | number | boolean>>;

const PREFERENCES: Preferences = {
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
  "services.settings.server": "data:,",
  // As on a phone: scrollbars take no room of the page.
  "ui.useOverlayScrollbars": 1,
  // A page that another one covers keeps its timers, as in a browser that Playwright drives.
  "dom.min_background_timeout_value": 4,
  "dom.timeout.enable_budget_timer_throttling": false,
  // Files are saved without a question, and nothing of the browser covers the page then.
  "browser.download.folderList": 2,
  "browser.download.always_ask_before_handling_new_types": false,
  "browser.download.alwaysOpenPanel": false,
  // A page may read the clipboard.
  "dom.events.testing.asyncClipboard": true,
  // A server on this machine is out of reach too, when the browser is.
  "network.disable-localhost-when-offline": true,
};

/** Says no when a page asks to keep what it stores, as the other engines do here. Else it would ask a user. */
export const REFUSE_TO_PERSIST: Preferences = { "dom.storageManager.prompt.testing": true };

/** WebGPU on the adapter that Vulkan has, a software one too. */
export const WITH_WEBGPU: Preferences = {
  "dom.webgpu.enabled": true,
  "gfx.webgpu.ignore-blocklist": true,
};

const START_TIMEOUT_MS = 60_000;

export async function launchFirefox(
  executablePath: string,
  preferences: Preferences = {},
): Promise<Engine> {
  const profile = await mkdtemp(join(tmpdir(), "firefox-"));
  const downloads = join(profile, "downloads");
  await mkdir(downloads);
  const internet = await openInternet();
  const { host, port } = internet;
  const own: Preferences = {
    "browser.download.dir": downloads,
    "network.proxy.type": 1,
    ...{ "network.proxy.http": host, "network.proxy.http_port": port },
    ...{ "network.proxy.ssl": host, "network.proxy.ssl_port": port },
  };
  const lines = Object.entries({ ...PREFERENCES, ...own, ...preferences }).map(
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
    await internet.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const marionette = await connectMarionette(await findPort(profile));
    const { capabilities } = (await marionette.send("WebDriver:NewSession", {
      timeouts: { script: START_TIMEOUT_MS, pageLoad: START_TIMEOUT_MS },
      // The sites of tests are on this machine, without a certificate of theirs.
      acceptInsecureCerts: true,
    })) as { capabilities: { browserName: string; browserVersion: string } };
    const browser = drive(marionette);
    return {
      version: `${capabilities.browserName} ${capabilities.browserVersion}`,
      internet,
      openContext: () => openContainer(browser, downloads),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Marionette's commands, each in the window that it is for. */
interface Browser {
  /** The body of a function in the browser's own window. */
  runInBrowser(script: string, ...values: unknown[]): Promise<unknown>;
  /** The body of a function in a tab's process, with the browser's rights. */
  runInTab(handle: string, script: string, ...values: unknown[]): Promise<unknown>;
  send(handle: string, name: string, parameters?: object): Promise<unknown>;
}

function drive(marionette: Marionette): Browser {
  const queue = createQueue();
  let current: string | undefined;
  const enter = async (handle: string): Promise<void> => {
    if (handle === current) return;
    await marionette.send("WebDriver:SwitchToWindow", { handle, focus: false });
    current = handle;
  };
  const send = (handle: string, name: string, parameters?: object) =>
    queue(async () => {
      await enter(handle);
      if (name === "WebDriver:CloseWindow") current = undefined;
      return marionette.send(name, parameters);
    });
  return {
    send,
    runInBrowser: (script, ...args) =>
      queue(async () => {
        current = undefined;
        // A window that was closed runs nothing any more.
        const [first] = (await marionette.send("WebDriver:GetWindowHandles")) as string[];
        await marionette.send("WebDriver:SwitchToWindow", { handle: first, focus: false });
        await marionette.send("Marionette:SetContext", { value: "chrome" });
        try {
          const inBrowser: Send = (name, parameters) => marionette.send(name, parameters);
          return await execute(inBrowser, { script, args });
        } finally {
          await marionette.send("Marionette:SetContext", { value: "content" });
        }
      }),
    runInTab: (handle, script, ...args) =>
      execute((name, parameters) => send(handle, name, parameters), {
        script,
        args,
        sandbox: "system",
      }),
  };
}

type Send = (name: string, parameters?: object) => Promise<unknown>;

async function execute(send: Send, parameters: object): Promise<unknown> {
  const { value } = (await send("WebDriver:ExecuteScript", parameters)) as { value: unknown };
  return value;
}

const CREATE_CONTAINER = `
  const { ContextualIdentityService } = ChromeUtils.importESModule(
    "resource://gre/modules/ContextualIdentityService.sys.mjs");
  return ContextualIdentityService.create("test", "circle", "blue").userContextId;`;

/** With what it stored. */
const REMOVE_CONTAINER = `
  const { ContextualIdentityService } = ChromeUtils.importESModule(
    "resource://gre/modules/ContextualIdentityService.sys.mjs");
  ContextualIdentityService.remove(arguments[0]);`;

/** A script that began in the tab's first, empty document would end with it. */
const OPEN_TAB = `
  const { waitForInitialNavigationCompleted } = ChromeUtils.importESModule(
    "chrome://remote/content/shared/Navigate.sys.mjs");
  const { NavigableManager } = ChromeUtils.importESModule(
    "chrome://remote/content/shared/NavigableManager.sys.mjs");
  const tab = gBrowser.addTab("about:blank", {
    userContextId: arguments[0],
    triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal(),
  });
  gBrowser.selectedTab = tab;
  const { webProgress } = tab.linkedBrowser.browsingContext;
  return waitForInitialNavigationCompleted(webProgress, { unloadTimeout: 5000 }).then(() => [
    NavigableManager.getIdForBrowser(tab.linkedBrowser), tab.linkedBrowser.browserId]);`;

const FIND_TAB = `
  const tab = gBrowser.tabs.find(({ linkedBrowser }) => linkedBrowser.browserId === arguments[0]);`;

/** Keys go to its page. */
const SELECT_TAB = `${FIND_TAB}
  gBrowser.selectedTab = tab;
  tab.linkedBrowser.focus();`;

const RESIZE_TAB = `${FIND_TAB}
  const [, width, height] = arguments;
  Object.assign(tab.linkedBrowser.style, {
    minWidth: width + "px", maxWidth: width + "px", minHeight: height + "px", maxHeight: height + "px",
  });`;

/**
 * Evaluates in the page's own realm, as the browser's developer tools do: other ways give the script classes of
 * its own, or fail by the page's policy.
 */
const EVALUATE = `
  globalThis.pageGlobal ??= (() => {
    const { addDebuggerToGlobal } = ChromeUtils.importESModule("resource://gre/modules/jsdebugger.sys.mjs");
    addDebuggerToGlobal(globalThis);
    return new globalThis.Debugger().makeGlobalObjectReference(window);
  })();
  const outcome = globalThis.pageGlobal.executeInGlobal(arguments[0]);
  if ("return" in outcome) return outcome.return;
  const error = outcome.throw?.unsafeDereference?.() ?? outcome.throw;
  throw new Error(String(error));`;

/** In a document that a reload is about to end. */
const LEAVES = `globalThis[Symbol.for("test-leaves")]`;

/** For every tab's process: runs a script in each new document of one tab. */
const INIT_SCRIPT = `
  addEventListener("DOMWindowCreated", ({ target: { defaultView: view } }) => {
    if (view !== content || docShell.browsingContext.browserId !== BROWSER_ID) return;
    const sandbox = Cu.Sandbox(Services.scriptSecurityManager.getSystemPrincipal(), { freshCompartment: true });
    const { addDebuggerToGlobal } = ChromeUtils.importESModule("resource://gre/modules/jsdebugger.sys.mjs");
    addDebuggerToGlobal(sandbox);
    new sandbox.Debugger().makeGlobalObjectReference(view).executeInGlobal(SCRIPT);
  }, true);`;

const ADD_INIT_SCRIPT = `Services.mm.loadFrameScript(arguments[0], true);`;

async function openContainer(browser: Browser, downloads: string): Promise<EngineContext> {
  const container = (await browser.runInBrowser(CREATE_CONTAINER)) as number;
  const windows = new Set<EngineWindow>();
  /** Of the whole browser: one test after the other. */
  const setOffline = async (isOffline: boolean): Promise<void> => {
    await browser.runInBrowser("Services.io.offline = arguments[0];", isOffline);
  };
  return {
    downloads,
    async openWindow() {
      const tab = (await browser.runInBrowser(OPEN_TAB, container)) as [string, number];
      const window = toWindow(browser, tab, () => windows.delete(window));
      windows.add(window);
      return window;
    },
    setOffline,
    async close() {
      // A window whose test failed may be gone.
      for (const window of windows) await window.close().catch(() => undefined);
      await setOffline(false);
      await browser.runInBrowser(REMOVE_CONTAINER, container);
    },
  };
}

function toWindow(
  browser: Browser,
  [handle, id]: [string, number],
  onClose: () => void,
): EngineWindow {
  const evaluate = (expression: string) =>
    browser.runInTab(handle, EVALUATE, expression) as Promise<string>;
  return {
    engine: "firefox",
    async goto(url) {
      await browser.send(handle, "WebDriver:Navigate", { url });
    },
    // As a person does. WebDriver's own reload goes past the service worker.
    async reload() {
      await evaluate(`(${LEAVES} = true, location.reload(), "")`);
      const isThere = `String(!${LEAVES} && document.readyState === "complete")`;
      const deadline = Date.now() + START_TIMEOUT_MS;
      while ((await evaluate(isThere).catch(String)) !== "true") {
        if (Date.now() > deadline) throw new Error("Firefox did not reload the page");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    evaluate,
    async addInitScript(script) {
      const source = INIT_SCRIPT.replace("BROWSER_ID", String(id)).replace("SCRIPT", () =>
        JSON.stringify(script),
      );
      await browser.runInBrowser(ADD_INIT_SCRIPT, `data:,${encodeURIComponent(source)}`);
    },
    async performActions(actions) {
      await browser.send(handle, "WebDriver:PerformActions", { actions });
    },
    async resize(width, height) {
      await browser.runInBrowser(RESIZE_TAB, id, width, height);
    },
    async bringToFront() {
      await browser.runInBrowser(SELECT_TAB, id);
    },
    async close() {
      onClose();
      await browser.send(handle, "WebDriver:CloseWindow");
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
