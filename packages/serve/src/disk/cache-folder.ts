/** Where models are kept if nothing else is said. */

import { homedir } from "node:os";
import { join } from "node:path";

/** `fastvlm-serve` in the user's folder for caches: `$XDG_CACHE_HOME`, else `~/.cache`. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: given = "" } = environment;
  return join(given === "" ? join(homedir(), ".cache") : given, "fastvlm-serve");
}
