/**
 * Part of `npm run lint`: holds every import of the repository to the arrows in ARCHITECTURE.md. ESLint
 * sees one file at a time; this sees where an import ends, however it is written, and finds cycles.
 */

import { REPOSITORY } from "../run.ts";
import { checkImports } from "./cruise.ts";
import { readArchitecture } from "./read-rooms.ts";
import { toRules } from "./rules.ts";

const FOLDERS = ["packages", "examples", "tools", "bench", "e2e"];

const { report, errors } = await checkImports(FOLDERS, toRules(readArchitecture()), REPOSITORY);
console.log(report);
process.exitCode = errors === 0 ? 0 : 1;
