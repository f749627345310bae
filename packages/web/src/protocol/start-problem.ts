/**
 * What of an app's build, of its page or of its server keeps the kit from starting, or from starting as it could.
 * `docs/troubleshooting.md` has a section for each, with the remedy.
 */

/**
 * - `script-missing`: the server answered the address of the worker's script, or of a script that it imports, with an
 *   error, such as HTTP 404
 * - `script-is-page`: it sent a web page in place of the script
 * - `script-wrong-type`: it sent the script with a `Content-Type` with which browsers run no modules
 * - `script-unreachable`: the script did not arrive
 * - `script-blocked`: `worker-src` or `script-src` of the Content-Security-Policy forbids the script
 * - `script-not-isolated`: the page is isolated, and the script came without `Cross-Origin-Embedder-Policy`
 * - `worker-other-origin`: a script of the worker, of another origin than the page, did not arrive; perhaps without CORS
 * - `worker-not-module`: the worker was created without `type: "module"`
 * - `bare-import`: a script of the worker imports a package by its name, which no browser finds
 * - `trusted-types`: the page demands Trusted Types, and this address is not one
 * - `wasm-missing`, `wasm-is-page`, `wasm-unreachable`: the same for a `.wasm` file of onnxruntime
 * - `wasm-blocked`: the Content-Security-Policy of the worker's script lacks `'wasm-unsafe-eval'`
 * - `insecure-origin`: the page came over http, where browsers have no WebGPU
 * - `no-ranges`: the server sends whole files only, so that an interrupted download begins again
 */
export const START_PROBLEMS = [
  "script-missing",
  "script-is-page",
  "script-wrong-type",
  "script-unreachable",
  "script-blocked",
  "script-not-isolated",
  "worker-other-origin",
  "worker-not-module",
  "bare-import",
  "trusted-types",
  "wasm-missing",
  "wasm-is-page",
  "wasm-unreachable",
  "wasm-blocked",
  "insecure-origin",
  "no-ranges",
] as const;

export type StartProblem = (typeof START_PROBLEMS)[number];
