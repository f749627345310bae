/** `npm run build`: the embedded model's files and `dist` of every package, from nothing. */

import { readdirSync, rmSync } from "node:fs";
import { buildPackages, PACKAGES } from "./pack.ts";
import { buildTiny, repositoryPath } from "./run.ts";

for (const name of PACKAGES) {
  const folder = repositoryPath(`packages/${name}`);
  rmSync(`${folder}/dist`, { recursive: true, force: true });
  // Else the compiler believes that what it wrote is still there.
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".tsbuildinfo")) rmSync(`${folder}/${file}`);
  }
}
await buildTiny();
process.exitCode = (await buildPackages()) ? 0 : 1;
