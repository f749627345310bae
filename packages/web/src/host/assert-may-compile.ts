/** Says at once that a policy forbids WebAssembly, which everything that follows needs. */

import { mayCompileWasm } from "../shared/may-compile.ts";

/** @throws {VlmError} `start-failed` with the reason `wasm-blocked` */
export async function assertMayCompile(): Promise<void> {
  if (mayCompileWasm()) return;
  const { startFailed } = await import("../diagnosis/sentences.ts");
  throw startFailed("wasm", { problem: "wasm-blocked" });
}
