/** `npm run build`: the embedded model's files and `dist` of every package, from nothing. */

import { readdirSync, rmSync } from "node:fs";
import { buildTiny, repositoryPath, runBin } from "./run.ts";
import { PACKAGES, PUBLISHED_PROJECTS } from "./pack.ts";

for (const name of PACKAGES) {
  const folder = repositoryPath(`packages/${name}`);
  rmSync(`${folder}/dist`, { recursive: true, force: true });
  // Else the compiler believes that what it wrote is still there.
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".tsbuildinfo")) rmSync(`${folder}/${file}`);
  }
}
await buildTiny();
const isBuilt = await runBin("tsc", ["-b", ...PUBLISHED_PROJECTS]);
process.exitCode = isBuilt ? 0 : 1;
