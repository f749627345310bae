/**
 * Asks the npm registry which shipped packages have known weaknesses. `npm audit --omit=dev` is not enough, because
 * onnxruntime's files are in the package although it is a dependency of development: so all packages of the lock file are
 * asked for, and those that the bill of materials lists count.
 *
 * Exit codes: 0, none has a known weakness; 1, at least one has; 2, the registry gave no answer, so nothing is known.
 */

import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { PACKAGES } from "./pack.ts";
import { REPOSITORY } from "./run.ts";
import { createSbom } from "./sbom.ts";

/** One package of npm's report. `via` holds the weaknesses, and names of packages that it has them from. */
interface Finding {
  readonly name: string;
  readonly severity: string;
  readonly range: string;
  readonly via: readonly (string | { readonly title: string; readonly url: string })[];
}

/**
 * @param report what `npm audit --json` writes
 * @returns a line for each shipped package with a weakness; undefined if the report is none
 */
export function listWeaknesses(
  report: string,
  shipped: ReadonlySet<string>,
): readonly string[] | undefined {
  const { vulnerabilities } = parse(report);
  if (!vulnerabilities) return undefined;
  return Object.values(vulnerabilities)
    .filter(({ name }) => shipped.has(name))
    .map(({ name, severity, range, via }) => {
      const reasons = via.map((one) => (typeof one === "string" ? one : `${one.title} ${one.url}`));
      return `${name} ${range} (${severity}): ${reasons.join("; ")}`;
    });
}

function parse(report: string): {
  readonly vulnerabilities?: Readonly<Record<string, Finding>>;
} {
  try {
    return JSON.parse(report) as { vulnerabilities?: Record<string, Finding> };
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function main(): number {
  const shipped = new Set(
    PACKAGES.flatMap((one) => createSbom(one).components.map(({ name }) => name)),
  );
  const { stdout } = spawnSync("npm", ["audit", "--json", "--package-lock-only"], {
    cwd: REPOSITORY,
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  const weaknesses = listWeaknesses(stdout, shipped);
  if (!weaknesses) {
    console.error("The registry gave no answer to `npm audit`, so that nothing was checked.");
    return 2;
  }
  for (const line of weaknesses) console.error(line);
  console.log(`${shipped.size} shipped packages, ${weaknesses.length} with a known weakness.`);
  return weaknesses.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = main();
