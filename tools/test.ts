/**
 * `npm test`: every check, up to the first that fails. Checks that use one core run side by side, and the linter beside the
 * tests. Each step ends with one line and its seconds; the last line counts the tests. `npm run test:all` (`--all`) runs the
 * same steps with every case of the tests that have more than `npm test` has time for, and Firefox and WebKit also after tests
 * that failed.
 */

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { ensureBrowser } from "./browser.ts";
import { reportEngines } from "./engines.ts";
import { EXHAUSTIVE_ENV } from "./exhaustive.ts";
import { packPackages } from "./pack.ts";
import { buildTiny, repositoryPath, run, runBin } from "./run.ts";

const UNIT_REPORT = repositoryPath(".cache/test/unit.json");
const E2E_REPORTS = ["report", "firefox", "webkit"].map((name) =>
  repositoryPath(`.cache/e2e/${name}.json`),
);

// Every child process inherits it.
const isAll = process.argv.includes("--all");
if (isAll) Object.assign(process.env, EXHAUSTIVE_ENV);

/** A step fails by giving `false` or by throwing. */
interface Step {
  readonly name: string;
  run(): boolean | Promise<boolean>;
}

const QUIET = { output: "on-failure" } as const;

const browserEnv: { CHROME_PATH?: string } = {};

const PREPARATION: readonly Step[] = [
  {
    name: "browser",
    run() {
      const path = ensureBrowser(console.log);
      if (path !== undefined) browserEnv.CHROME_PATH = path;
      reportEngines(console.log);
      return true;
    },
  },
  {
    name: "embedded model",
    async run() {
      await buildTiny();
      return true;
    },
  },
  // The linter reads the declarations that this writes.
  { name: "types", run: () => runBin("tsc", ["-b"]) },
];

/** What reads the sources only. */
const READINGS: readonly Step[] = [
  {
    name: "imports",
    run: () => run(process.execPath, ["--import", "tsx", "tools/architecture/check.ts"], QUIET),
  },
  { name: "unused code", run: () => runQuietly("knip", ["--treat-config-hints-as-errors"]) },
  { name: "format", run: () => runQuietly("prettier", ["--check", "."]) },
];

const BUILDS: readonly Step[] = [
  { name: "build", run: () => run(process.execPath, ["--import", "tsx", "tools/build.ts"], QUIET) },
  { name: "packages", run: checkPackages },
];

/** It takes minutes of one core. The browser tests leave half a core over. */
const LINT: Step = {
  name: "lint",
  run: () => runBin("eslint", [".", "--max-warnings", "0"], { ...QUIET, isInBackground: true }),
};

const UNIT_TESTS: Step = {
  name: "unit tests",
  run: () =>
    runBin("vitest", [
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${UNIT_REPORT}`,
    ]),
};

const BROWSER_TESTS: Step = {
  name: "browser tests",
  run: () =>
    runBin("playwright", ["test", "--config", "e2e/playwright.config.ts"], { env: browserEnv }),
};

/** Not part of `npm test`: it takes as long as all the rest. */
const OTHER_ENGINES: Step = {
  name: "Firefox and WebKit",
  run: () => run(process.execPath, ["--import", "tsx", "tools/test-browsers.ts"]),
};

const counts = { passed: 0, failed: 0 };
mkdirSync(repositoryPath(".cache/test"), { recursive: true });
for (const report of [UNIT_REPORT, ...E2E_REPORTS]) rmSync(report, { force: true });

const isGood =
  (await succeed(PREPARATION)) &&
  (await Promise.all([succeed(READINGS), succeed(BUILDS)])).every(Boolean) &&
  (
    await Promise.all([
      succeed([LINT]),
      isAll
        ? runAll([UNIT_TESTS, BROWSER_TESTS, OTHER_ENGINES])
        : succeed([UNIT_TESTS, BROWSER_TESTS]),
    ])
  ).every(Boolean);
countUnitTests();
countBrowserTests();
// A step without tests of its own counts as one when it fails, as does a run that broke off.
if (!isGood) counts.failed = Math.max(1, counts.failed);
process.exitCode = isGood ? 0 : 1;
console.log(`${counts.passed} passed, ${counts.failed} failed`);

/** Runs steps one after the other, up to the first that fails. */
async function succeed(steps: readonly Step[]): Promise<boolean> {
  for (const step of steps) if (!(await report(step))) return false;
  return true;
}

/** Runs every step, also after one that failed: who waits for hours wants to know all of it. */
async function runAll(steps: readonly Step[]): Promise<boolean> {
  let isGood = true;
  for (const step of steps) if (!(await report(step))) isGood = false;
  return isGood;
}

/** Runs a step, and says how it ended and after how many seconds. */
async function report(step: Step): Promise<boolean> {
  const start = performance.now();
  const isGood = await succeeds(step);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${isGood ? "ok" : "FAILED"}: ${step.name}, ${seconds} s`);
  return isGood;
}

async function succeeds(step: Step): Promise<boolean> {
  try {
    return await step.run();
  } catch (error) {
    console.error(error);
    return false;
  }
}

/** Shows the output of a check only if it fails: others run beside it. */
function runQuietly(name: string, args: readonly string[]): Promise<boolean> {
  return runBin(name, args, QUIET);
}

/** The packages as users get them: their manifests, and their types under every way to import. */
async function checkPackages(): Promise<boolean> {
  for (const tarball of packPackages(repositoryPath(".cache/test/packed"))) {
    if (!(await runQuietly("publint", ["--strict", tarball]))) return false;
    if (!(await runQuietly("attw", [tarball, "--profile", "esm-only"]))) return false;
  }
  return true;
}

function countUnitTests(): void {
  const report = readReport(UNIT_REPORT) as
    { numPassedTests: number; numFailedTests: number } | undefined;
  counts.passed += report?.numPassedTests ?? 0;
  counts.failed += report?.numFailedTests ?? 0;
}

function countBrowserTests(): void {
  for (const path of E2E_REPORTS) {
    const report = readReport(path) as
      { stats: { expected: number; unexpected: number; flaky: number } } | undefined;
    counts.passed += report?.stats.expected ?? 0;
    counts.failed += (report?.stats.unexpected ?? 0) + (report?.stats.flaky ?? 0);
  }
}

/** Undefined when the step did not come to write it. */
function readReport(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
