/** Asks the server for a worker's script, and for those that it imports, to find the one that does not run. */

import { isElsewhere } from "../shared/worker-script.ts";
import type { Finding } from "./sentences.ts";

export interface ScriptSearch {
  /** Whether the browser said nothing of what the script did, so that it may never have run. */
  readonly isSilent: boolean;
  /** Whether imports in functions are followed too. */
  readonly followsDynamic: boolean;
  readonly signal: AbortSignal;
}

/** More files than a worker's entry and its chunks have. */
const MAX_SCRIPTS = 30;

const SCRIPT_TYPES = /^(text|application)\/(x-)?(java|ecma)script\b/i;

/** @returns undefined where all of them can be run, as far as one can see */
export async function findBrokenScript(
  entry: string,
  search: ScriptSearch,
): Promise<Finding | undefined> {
  const open = [new URL(entry, globalThis.location.href).href];
  const seen = new Set<string>();
  let bare: Finding | undefined;
  for (let url = open.shift(); url !== undefined; url = open.shift()) {
    if (seen.has(url)) continue;
    seen.add(url);
    if (seen.size > MAX_SCRIPTS) break;
    const found = await readScript(url, search.signal);
    if (typeof found !== "string") return found;
    const text = found.replace(COMMENTS, "");
    for (const specifier of specifiersIn(text, STATIC_IMPORT)) {
      const address = toAddress(specifier, url);
      if (address !== undefined) open.push(address);
      else if (search.isSilent) bare ??= { problem: "bare-import", url };
    }
    if (!search.followsDynamic) continue;
    // Names among these are not for browsers: scripts that also run in Node import its modules so.
    for (const specifier of specifiersIn(text, DYNAMIC_IMPORT)) {
      const address = toAddress(specifier, url);
      if (address !== undefined) open.push(address);
    }
  }
  return bare ?? (search.isSilent ? notIsolated(entry, search.signal) : undefined);
}

/** @returns its text, or what is wrong with it */
async function readScript(url: string, signal: AbortSignal): Promise<string | Finding> {
  try {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", signal });
    const type = response.headers.get("content-type") ?? "";
    if (!response.ok) return { problem: "script-missing", url, status: response.status };
    if (type.startsWith("text/html")) return { problem: "script-is-page", url };
    if (/^https?:/.test(url) && !SCRIPT_TYPES.test(type))
      return { problem: "script-wrong-type", url };
    return await response.text();
  } catch {
    // A policy may forbid to read what the page itself has made.
    return /^(blob|data):/.test(url) ? "" : { problem: "script-unreachable", url };
  }
}

/** A worker of a page with an embedder policy needs one of its own, in the answer with its script. */
async function notIsolated(entry: string, signal: AbortSignal): Promise<Finding | undefined> {
  const { href } = globalThis.location;
  const url = new URL(entry, href).href;
  // A script of another origin is run by one that the page has made, whose policy is the page's.
  if (!/^https?:/.test(url) || isElsewhere(url)) return undefined;
  const [page, script] = await Promise.all([policyOf(href, signal), policyOf(url, signal)]);
  const isStrict = globalThis.crossOriginIsolated || isPolicy(page);
  return isStrict && !isPolicy(script) ? { problem: "script-not-isolated", url } : undefined;
}

async function policyOf(url: string, signal: AbortSignal): Promise<string | null | undefined> {
  try {
    const response = await fetch(url, { method: "HEAD", credentials: "same-origin", signal });
    return response.headers.get("cross-origin-embedder-policy");
  } catch {
    return undefined;
  }
}

function isPolicy(value: string | null | undefined): boolean {
  return /^(require-corp|credentialless)\b/.test(value ?? "");
}

const COMMENTS = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
const STATIC_IMPORT = /(?:\bimport|\bfrom)\s*(["'])([^"'\n]+)\1/g;
const DYNAMIC_IMPORT = /\bimport\(\s*(["'`])([^"'`\n$]+)\1\s*\)/g;

function specifiersIn(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, , specifier = ""]) => specifier);
}

/** @returns undefined for a name, which browsers look up in an import map only, and workers have none */
function toAddress(specifier: string, from: string): string | undefined {
  if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, from).href;
  return URL.canParse(specifier) ? specifier : undefined;
}
