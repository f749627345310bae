/** A runtime with what may be exchanged in it while it is checked. An engine that exchanges nothing is a plain `Runtime`. */

import type { DecoderForm } from "../protocol/result.ts";
import type { GraphFile } from "./graph-file.ts";
import type { Runtime } from "./runtime.ts";

export interface CheckableRuntime extends Runtime {
  /** Only where the decoder can run in more than one form. */
  readonly decoder?: ReloadableDecoder;
  /**
   * Runs another encoder from now on, until it is decided which one stays. Only for engines with an
   * `encoderOptimizer`.
   *
   * @throws {VlmError} `start-failed`, `session-failed`, `out-of-memory`; then nothing has changed
   */
  tryEncoder?(file: GraphFile): Promise<EncoderTrial>;
}

/** A decoder whose forms should all give the same numbers. */
export interface ReloadableDecoder {
  /** How it runs now. */
  readonly form: DecoderForm;
  /**
   * Releases the decoder and loads its file again, so that no two are in memory. Sequences that were begun
   * end with it.
   *
   * @param most what is done for it at most; what cannot be done is not
   * @throws {VlmError} as `createRuntime`; then only this or the runtime's `dispose` may be called
   */
  reload(most: DecoderForm): Promise<void>;
}

/** Two encoders are loaded, and the new one runs. One of these is called, once. */
export interface EncoderTrial {
  /** The new encoder stays. */
  keep(): Promise<void>;
  /** The encoder before it runs again. */
  undo(): Promise<void>;
}

/** How the decoder of a runtime runs: as its file has it, where the engine knows no other form. */
export function decoderFormOf({ decoder }: CheckableRuntime): DecoderForm {
  return decoder?.form ?? "plain";
}
