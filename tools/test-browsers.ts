/**
 * `npm run test:browsers`: what Firefox and WebKit can run of the browser tests, one engine after the other, and what they cannot
 * run and why. Without them, it says what to install. Names of engines choose; other arguments go to Playwright:
 * `npm run test:browsers -- firefox colours`. `firefox-webgpu` runs the tests of WebGPU in Firefox on a software adapter, which
 * takes too long for each time.
 */

import { existsSync, readFileSync, rmSync } from "node:fs";
import { findEngines, reportEngines } from "./engines.ts";
import { buildTiny, repositoryPath, runBin } from "./run.ts";
import { engineEnv, type OtherEngine } from "./tested-engine.ts";

/** As far as it is read here, what Playwright writes of a run. */
interface Report {
  readonly stats: {
    readonly expected: number;
    readonly unexpected: number;
    readonly flaky: number;
  };
  readonly suites: readonly Suite[];
}

interface Suite {
  readonly suites?: readonly Suite[];
  readonly specs: readonly {
    readonly tests: readonly {
      readonly status: string;
      readonly annotations: readonly { readonly type: string; readonly description?: string }[];
    }[];
  }[];
}

const PROJECTS: Readonly<Record<string, OtherEngine>> = {
  firefox: "firefox",
  webkit: "webkit",
  "firefox-webgpu": "firefox",
};

const args = process.argv.slice(2);
const chosen = args.filter((arg) => arg in PROJECTS);
const projects = chosen.length > 0 ? chosen : ["firefox", "webkit"];

reportEngines(console.log);
await buildTiny();
for (const project of projects) {
  const isGood = await testIn(
    project,
    args.filter((arg) => !(arg in PROJECTS)),
  );
  if (!isGood) process.exitCode = 1;
}

async function testIn(project: string, args: readonly string[]): Promise<boolean> {
  const engine = PROJECTS[project]!;
  const { firefox, webkit } = findEngines();
  if (engine === "firefox" ? firefox === undefined : webkit?.keepingBrowser === undefined) {
    console.log(`${project}: left out, it is not installed`);
    return true;
  }
  const path = repositoryPath(`.cache/e2e/${engine}.json`);
  rmSync(path, { force: true });
  const run = ["test", "--config", "e2e/playwright.config.ts", `--project=${project}`, ...args];
  const isGood = await runBin("playwright", run, { env: engineEnv(engine) });
  // A run that broke off has none.
  if (!existsSync(path)) return false;
  const { stats, suites } = JSON.parse(readFileSync(path, "utf8")) as Report;
  const reasons = countReasons(suites);
  const leftOut = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  const failed = stats.unexpected + stats.flaky;
  console.log(
    `${project}: ${String(stats.expected)} passed, ${String(failed)} failed, ${String(leftOut)} left out:`,
  );
  for (const [reason, count] of reasons) console.log(`  ${String(count)}: ${reason}`);
  return isGood;
}

/** How many tests were left out for each reason. */
function countReasons(suites: readonly Suite[]): Map<string, number> {
  const counts = new Map<string, number>();
  const visit = ({ specs, suites = [] }: Suite): void => {
    for (const { tests } of specs) {
      for (const { status, annotations } of tests) {
        if (status !== "skipped") continue;
        const reason = annotations.find(({ type }) => type === "skip")?.description ?? "no reason";
        counts.set(reason, (counts.get(reason) ?? 0) + 1);
      }
    }
    suites.forEach(visit);
  };
  suites.forEach(visit);
  return new Map([...counts].sort(([, one], [, other]) => other - one));
}
