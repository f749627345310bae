/** `npm run fuzz`: every exhaustive unit test, among them 100,000 damaged image files. */

import { EXHAUSTIVE_ENV } from "./exhaustive.ts";
import { runBin } from "./run.ts";

const hasPassed = await runBin("vitest", ["run", ".exhaustive.test.ts"], { env: EXHAUSTIVE_ENV });
process.exitCode = hasPassed ? 0 : 1;
