/** Finds out why a worker does not start, or why a worker cannot load its code. It is loaded only when that has happened. */

import type { StartPhase, VlmError } from "../protocol/errors.ts";
import { findBrokenScript } from "./find-broken-script.ts";
import { isElsewhere } from "../shared/worker-script.ts";
import { startFailed, type Finding } from "./sentences.ts";

/** What is known of a start that failed. */
export interface StartFacts {
  /** The address of the script, as the app, or an engine, gave it. */
  readonly address: string | undefined;
  /** What the browser threw when the worker was created. */
  readonly refusal?: unknown;
  /** What the browser said of the error. Of a script that did not load, Chromium says nothing. */
  readonly message: string;
  /** Whether the browser said nothing either, and something did not arrive in time. */
  readonly isLate?: boolean;
  /** The directives of the Content-Security-Policy that were violated meanwhile. */
  readonly directives: readonly string[];
}

/** How long the server may take to answer what it is asked, in milliseconds. */
const SEARCH_MS = 5000;

/** Events of a violated policy may come a moment after the error. */
const VIOLATION_MS = 50;

/** @returns undefined where nothing was found that explains it */
export async function explainStart(
  phase: StartPhase,
  facts: StartFacts,
): Promise<VlmError<"start-failed"> | undefined> {
  await new Promise((resolve) => setTimeout(resolve, VIOLATION_MS));
  const finding = await find(facts);
  return finding && startFailed(phase, finding);
}

async function find(facts: StartFacts): Promise<Finding | undefined> {
  const { address, directives } = facts;
  const message = `${facts.message} ${(facts.refusal as Error | undefined)?.message ?? ""}`;
  const url = address;
  if (directives.some((one) => one.startsWith("require-trusted-types"))) {
    return { problem: "trusted-types", url };
  }
  if (/TrustedScriptURL|TrustedTypes/.test(message)) return { problem: "trusted-types", url };
  if (directives.some((one) => /^(worker|child|script|default)-src/.test(one))) {
    return { problem: "script-blocked", url };
  }
  if (facts.refusal !== undefined) return undefined; // The app's own error.
  if (NOT_A_MODULE.test(message)) return { problem: "worker-not-module", url };
  if (BARE_IMPORT.test(message)) return { problem: "bare-import", url };
  const imported = IMPORTED.exec(message)?.[1];
  const entry = imported ?? address;
  if (entry === undefined) return undefined;
  const found = await findBrokenScript(entry, {
    isSilent: imported === undefined && !RAN.test(message),
    followsDynamic: facts.isLate === true || IMPORT_FAILED.test(message),
    signal: AbortSignal.timeout(SEARCH_MS),
  });
  // Whether there was no answer, or none that this page may read, is not told.
  const isForeign = found?.problem === "script-unreachable" && isElsewhere(entry);
  return isForeign ? { ...found, problem: "worker-other-origin" } : found;
}

/** Chromium, Firefox and Safari, in this order. */
const NOT_A_MODULE =
  /import statement outside a module|import declarations may only appear|import call expects/i;
const BARE_IMPORT =
  /Failed to resolve module specifier|was a bare specifier|does not resolve to a valid URL/i;
const IMPORTED = /(?:loading|fetch) dynamically imported module:\s*(\S+)/i;
const IMPORT_FAILED = /dynamically imported module|Importing a module script failed/i;

/** An error of a script that ran. What browsers say of one that did not run is about loading. */
const RAN = /\S/;
