/**
 * `npm test`: every check, in order, up to the first that fails. Each step ends with one line and its
 * seconds; the last line counts the tests. `npm run test:all` (`--all`) runs the same steps with every
 * case of the tests that have more than `npm test` has time for.
 */

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { ensureBrowser } from "./browser.ts";
import { reportEngines } from "./engines.ts";
import { EXHAUSTIVE_ENV } from "./exhaustive.ts";
import { packPackages } from "./pack.ts";
import { buildTiny, repositoryPath, run, runBin } from "./run.ts";

const UNIT_REPORT = repositoryPath(".cache/test/unit.json");
const E2E_REPORT = repositoryPath(".cache/e2e/report.json");

// Every child process inherits it.
if (process.argv.includes("--all")) Object.assign(process.env, EXHAUSTIVE_ENV);

/** A step fails by giving `false` or by throwing. */
interface Step {
  readonly name: string;
  run(): boolean | Promise<boolean>;
}

const browserEnv: { CHROME_PATH?: string } = {};

const STEPS: readonly Step[] = [
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
  { name: "types", run: () => runBin("tsc", ["-b"]) },
  { name: "lint", run: () => runBin("eslint", [".", "--max-warnings", "0"]) },
  {
    name: "imports",
    run: () => run(process.execPath, ["--import", "tsx", "tools/architecture/check.ts"]),
  },
  { name: "unused code", run: () => runBin("knip", ["--treat-config-hints-as-errors"]) },
  { name: "format", run: () => runBin("prettier", ["--check", "."]) },
  {
    name: "unit tests",
    run: () =>
      runBin("vitest", [
        "run",
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${UNIT_REPORT}`,
      ]),
  },
  { name: "build", run: () => run(process.execPath, ["--import", "tsx", "tools/build.ts"]) },
  { name: "packages", run: checkPackages },
  {
    name: "browser tests",
    run: () =>
      runBin("playwright", ["test", "--config", "e2e/playwright.config.ts"], { env: browserEnv }),
  },
];

const counts = { passed: 0, failed: 0 };
mkdirSync(repositoryPath(".cache/test"), { recursive: true });
for (const report of [UNIT_REPORT, E2E_REPORT]) rmSync(report, { force: true });

let isGood = true;
for (const step of STEPS) {
  const start = performance.now();
  isGood = await succeeds(step);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${isGood ? "ok" : "FAILED"}: ${step.name}, ${seconds} s`);
  if (!isGood) break;
}
countUnitTests();
countBrowserTests();
// A step without tests of its own counts as one when it fails, as does a run that broke off.
if (!isGood) counts.failed = Math.max(1, counts.failed);
process.exitCode = isGood ? 0 : 1;
console.log(`${counts.passed} passed, ${counts.failed} failed`);

async function succeeds(step: Step): Promise<boolean> {
  try {
    return await step.run();
  } catch (error) {
    console.error(error);
    return false;
  }
}

/** The packages as users get them: their manifests, and their types under every way to import. */
async function checkPackages(): Promise<boolean> {
  for (const tarball of packPackages(repositoryPath(".cache/test/packed"))) {
    const output = "on-failure";
    if (!(await runBin("publint", ["--strict", tarball], { output }))) return false;
    if (!(await runBin("attw", [tarball, "--profile", "esm-only"], { output }))) return false;
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
  const report = readReport(E2E_REPORT) as
    { stats: { expected: number; unexpected: number; flaky: number } } | undefined;
  counts.passed += report?.stats.expected ?? 0;
  counts.failed += (report?.stats.unexpected ?? 0) + (report?.stats.flaky ?? 0);
}

/** Undefined when the step did not come to write it. */
function readReport(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
