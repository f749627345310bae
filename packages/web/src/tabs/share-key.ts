/** Which tabs share one model: those whose kit, worker, storage, model and options are the same. */

import { PROTOCOL_VERSION, type LoadRequest } from "../wire/worker-api.ts";

/**
 * Another version of an app differs in the address of the kit's own script, or in what creates its worker: bundlers write
 * the hash of what they built into both.
 *
 * @param worker what is the same for the same worker only
 */
export async function shareKeyOf(request: LoadRequest, worker: string): Promise<string> {
  // How files arrive makes no difference to what is loaded.
  const load = { ...request, download: undefined };
  const parts = [PROTOCOL_VERSION, import.meta.url, worker, load];
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
