/**
 * `createVlm` for Node, where `worker` returns a thread that calls `serveHost` of `@fastvlm-kit/web/host`. Queue, deadlines,
 * restarts and reports are those of a page. `@fastvlm-kit/serve` is built on it.
 *
 * @module
 */

export { createVlmHere as createVlm } from "./client/create-vlm.ts";
