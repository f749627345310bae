/** Packs the packages as they would be published. */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildBundles } from "./bundles.ts";
import { copyOnnxRuntime } from "./onnxruntime.ts";
import { REPOSITORY, runBin } from "./run.ts";
import { writeSbom } from "./sbom.ts";

/** Folders under `packages/`. */
export const PACKAGES = ["web", "tiny", "onnx", "ops", "serve", "check"] as const;

/** The packages' projects, without those of their tests. */
const PUBLISHED_PROJECTS = [
  "packages/web/tsconfig.page.json",
  "packages/web/tsconfig.worker.json",
  "packages/tiny",
  "packages/onnx/tsconfig.build.json",
  "packages/ops/tsconfig.build.json",
  "packages/serve/tsconfig.build.json",
  "packages/check/tsconfig.build.json",
];

/** Writes `dist` of every package, with its bill of materials. Resolves to whether it could be. */
export async function buildPackages(): Promise<boolean> {
  copyOnnxRuntime();
  await buildBundles();
  for (const name of PACKAGES) writeSbom(name);
  return runBin("tsc", ["-b", ...PUBLISHED_PROJECTS]);
}

/** Writes one tarball per package, in the order of {@link PACKAGES}. They must be built. */
export function packPackages(folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const args = PACKAGES.map((name) => `./packages/${name}`);
  const output = execFileSync("npm", ["pack", "--json", "--pack-destination", folder, ...args], {
    cwd: REPOSITORY,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const packed = JSON.parse(output) as { filename: string }[];
  return packed.map(({ filename }) => join(folder, filename));
}
