/** Makes a function that creates workers of what an app gave. */

import type { WorkerSource } from "../api/worker-source.ts";
import { toTrustedScriptUrl } from "../shared/trusted-script-url.ts";
import { toImportingScript } from "../shared/worker-script.ts";

/** @throws {TypeError} if the address is none */
export function toWorkerCreator(source: WorkerSource): () => Worker {
  if (typeof source === "function") return source;
  const { href, origin } = new URL(source, location.href);
  let address: string | undefined;
  return () => {
    // It is never revoked, because the worker starts its own script again for verifiers of files.
    address ??= origin === location.origin ? href : URL.createObjectURL(toImportingScript(href));
    return new Worker(toTrustedScriptUrl(address), { type: "module" });
  };
}

/** Differs for workers that are not the same: other addresses, or functions that a bundler has built anew. */
export function identityOf(source: WorkerSource): string {
  return typeof source === "function" ? String(source) : new URL(source, location.href).href;
}
