/**
 * Makes the globals of a thread look like those of a worker in a browser, as far as the kit's host and onnxruntime-web read
 * them. It is imported before either of them.
 */

import { availableParallelism } from "node:os";
import { fetchFile } from "./fetch-file.ts";

const platformFetch = globalThis.fetch;

/** Without isolation onnxruntime takes one thread, unless it is told a number. */
const SCOPE = {
  self: globalThis,
  // Without an origin: onnxruntime would resolve its own address against it.
  location: { href: import.meta.url },
  crossOriginIsolated: false,
  fetch: (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    return url.startsWith("file:") ? fetchFile(url, init) : platformFetch(input, init);
  },
};

Object.assign(globalThis, SCOPE);
// Node 20 has none.
if (!("navigator" in globalThis)) {
  Object.assign(globalThis, { navigator: { hardwareConcurrency: availableParallelism() } });
}
