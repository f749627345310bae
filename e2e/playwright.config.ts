import { defineConfig } from "@playwright/test";
import {
  CHROMIUM_ARGS,
  HARDWARE_WEBGPU_ARGS,
  isHardwareTested,
  SOFTWARE_WEBGPU_ARGS,
} from "../tools/browser.ts";
import { findEngines } from "../tools/engines.ts";
import { EXHAUSTIVE_TAG, isExhaustive } from "../tools/exhaustive.ts";
import { otherEngine, type OtherEngine } from "../tools/tested-engine.ts";

const { firefox, webkit } = findEngines();

const executablePath = process.env["CHROME_PATH"];
const launch = (args: readonly string[]) => ({
  launchOptions: { args: [...args], ...(executablePath !== undefined && { executablePath }) },
});

const webGpuArgs = isHardwareTested ? HARDWARE_WEBGPU_ARGS : SOFTWARE_WEBGPU_ARGS;

/**
 * Chromium compiles functions of WebAssembly a second time, optimised, once they have run often. Most tests end soon
 * after they loaded a model, and would pay more for that than they gain: the budget says how much a function runs
 * before, and Chromium's own is an eighth. The other projects keep Chromium's own.
 */
const OPTIMIZE_LATER_ARGS = ["--js-flags=--wasm-tiering-budget=100000000"] as const;

const ENGINE_TESTS = ["**/engines.spec.ts", "**/engine-pages.spec.ts"];

/** What installs the packages from their tarballs. */
const APP_TESTS = ["**/consumer.spec.ts", "**/apps/*.spec.ts"];

/** Without a page, or with commands and apps that start Chromium themselves. */
const OTHER_ENGINES_LEAVE_OUT = [
  ...ENGINE_TESTS,
  ...APP_TESTS,
  ...["app-tests", "check", "cli", "nginx"].map((name) => `**/${name}.spec.ts`),
];

/** The projects of `npm run test:browsers`. */
const otherEngineProjects = (engine: OtherEngine) => [
  {
    name: engine,
    testIgnore: ["**/*.gpu.spec.ts", ...OTHER_ENGINES_LEAVE_OUT],
    workers: 1,
  },
  // On Vulkan's software adapter.
  ...(engine === "firefox"
    ? [{ name: "firefox-webgpu", testMatch: "**/*.gpu.spec.ts", workers: 1 }]
    : []),
];

export default defineConfig({
  testDir: ".",
  ...(!isExhaustive && { grepInvert: new RegExp(EXHAUSTIVE_TAG) }),
  outputDir: "../.cache/e2e/results",
  globalSetup: "./global-setup.ts",
  // A test on WASM waits for half of its time: for a browser, a slow server, a clock.
  workers: 2,
  fullyParallel: false,
  retries: 0,
  // The other engines share the processor with whoever drives them, and start slower.
  timeout: otherEngine === undefined ? 120_000 : 240_000,
  expect: { timeout: 30_000 },
  reporter: [["list"], ["json", { outputFile: `../.cache/e2e/${otherEngine ?? "report"}.json` }]],
  projects:
    otherEngine !== undefined
      ? otherEngineProjects(otherEngine)
      : [
          // Headless Chromium as it comes has no adapter: what runs here runs on WASM.
          {
            name: "wasm",
            testIgnore: ["**/*.gpu.spec.ts", ...ENGINE_TESTS, ...APP_TESTS],
            use: launch([...CHROMIUM_ARGS, ...OPTIMIZE_LATER_ARGS]),
          },
          {
            name: "webgpu",
            testMatch: "**/*.gpu.spec.ts",
            // The software adapter uses all cores.
            workers: 1,
            use: launch([...CHROMIUM_ARGS, ...webGpuArgs]),
          },
          { name: "packages", testMatch: "**/packages.setup.ts" },
          {
            name: "apps",
            testMatch: APP_TESTS,
            dependencies: ["packages"],
            use: launch(CHROMIUM_ARGS),
          },
          // Firefox and WebKit, compared with Chromium. `npm test` says what to install for them.
          ...(firefox !== undefined || webkit
            ? [{ name: "engines", testMatch: ENGINE_TESTS, workers: 1, use: launch(CHROMIUM_ARGS) }]
            : []),
        ],
});
