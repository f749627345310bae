/** What a check says about a deployment. */

import type { Observation } from "./observation.ts";

/**
 * `error`: something does not work, or is not safe. `warning`: it works worse than it could. `note`: it could not be seen, or
 * is a matter of choice.
 */
export type Level = "ok" | "note" | "warning" | "error";

export interface Finding {
  /** The name of the check, such as `isolation`. */
  readonly check: string;
  readonly level: Level;
  /** What was found, in a sentence. */
  readonly message: string;
  /** What to do about it. Absent where nothing has to be done. */
  readonly advice?: string;
  /** The files that it is about, without the query of their addresses. */
  readonly urls?: readonly string[];
}

/** Finds out one thing. It may find several things wrong, or nothing to look at. */
export type Check = (observed: Observation) => readonly Finding[];
