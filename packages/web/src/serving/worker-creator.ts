/** Makes a function that creates workers of what an app gave. */

import type { WorkerSource } from "../api/worker-source.ts";
import { toTrustedScriptUrl } from "../shared/trusted-script-url.ts";
import { isElsewhere } from "../shared/worker-script.ts";

/**
 * The function is called by `startNoted`, which makes scripts of another origin startable.
 *
 * @throws {TypeError} if the address is none
 */
export function toWorkerCreator(source: WorkerSource): () => Worker {
  if (typeof source === "function") return source;
  const { href } = new URL(source, location.href);
  return () => new Worker(isElsewhere(href) ? href : toTrustedScriptUrl(href), { type: "module" });
}

/** Differs for workers that are not the same: other addresses, or functions that a bundler has built anew. */
export function identityOf(source: WorkerSource): string {
  return typeof source === "function" ? String(source) : new URL(source, location.href).href;
}
