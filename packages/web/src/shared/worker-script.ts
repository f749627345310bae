/**
 * The address of a worker's script. Browsers start workers only from scripts of the page's own origin. A script of another
 * origin is run by a Blob's script, which remembers its address.
 */

import { toTrustedScriptUrl } from "./trusted-script-url.ts";

const SCRIPT: unique symbol = Symbol.for("fastvlm-kit.script");

/** Never revoked, because a worker starts its own script again for verifiers of files. */
const blobUrls = new Map<string, string>();

/** Whether a script is of another origin than this page. */
export function isElsewhere(url: string | URL): boolean {
  const { href, origin } = globalThis.location;
  const parsed = URL.canParse(String(url), href) ? new URL(url, href) : undefined;
  return parsed !== undefined && /^https?:$/.test(parsed.protocol) && parsed.origin !== origin;
}

/** What this page can start a worker from, whose script may be of another origin. */
export function toStartableUrl(url: string | URL, options?: WorkerOptions): string | URL {
  if (!isElsewhere(url)) return url;
  const { href } = new URL(url, globalThis.location.href);
  const isModule = options?.type === "module";
  const key = `${String(isModule)} ${href}`;
  const blobUrl = blobUrls.get(key) ?? URL.createObjectURL(toRunningScript(href, isModule));
  blobUrls.set(key, blobUrl);
  return toTrustedScriptUrl(blobUrl);
}

/** A script that runs the one at `url`. */
function toRunningScript(url: string, isModule: boolean): Blob {
  const address = JSON.stringify(url);
  const note = `self[Symbol.for("fastvlm-kit.script")] = ${address};`;
  const text = isModule ? `import ${address}; ${note}` : `${note} importScripts(${address});`;
  return new Blob([text], { type: "text/javascript" });
}

/** The address of this worker's script, also if a Blob's script runs it. */
export function workerScriptUrl(): string {
  const { [SCRIPT]: imported } = globalThis as { readonly [SCRIPT]?: string };
  return imported ?? globalThis.location.href;
}
