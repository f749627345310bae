/** A runtime whose decoder or encoder can be exchanged while it is checked. Both are optional for an engine. */

import type { DecoderForm } from "../protocol/result.ts";
import type { GraphFile } from "./graph-file.ts";
import type { Runtime } from "./runtime.ts";

export interface CheckableRuntime extends Runtime {
  /** Given only if the decoder can run in more than one form. */
  readonly decoder?: ReloadableDecoder;
  /**
   * Uses another encoder, until the caller decides which one stays. Only for engines with an `encoderOptimizer`.
   *
   * @throws {VlmError} `start-failed`, `session-failed`, `out-of-memory`; nothing has changed then
   */
  tryEncoder?(file: GraphFile): Promise<EncoderTrial>;
}

/** A decoder whose forms should all compute the same numbers. */
export interface ReloadableDecoder {
  /** How it runs now. */
  readonly form: DecoderForm;
  /** Whether one scale rounds the numbers of all positions of a run, as in int8 files. Then forms differ by more. */
  readonly sharesScale: boolean;
  /**
   * Releases the decoder and loads its file again, so that only one is in memory. All its sequences end.
   *
   * @param most the best form to try; graph and device may allow only a simpler one
   * @throws {VlmError} like `createRuntime`; after that, only this or the runtime's `dispose` may be called
   */
  reload(most: DecoderForm): Promise<void>;
}

/** Two encoders are loaded, and the new one is used. The caller calls one of these functions, once. */
export interface EncoderTrial {
  /** Keeps the new encoder and releases the old one. */
  keep(): Promise<void>;
  /** Goes back to the old encoder and releases the new one. */
  undo(): Promise<void>;
}

/** The form of a runtime's decoder. If the engine has only one form, that is `plain`. */
export function decoderFormOf({ decoder }: Pick<CheckableRuntime, "decoder">): DecoderForm {
  return decoder?.form ?? "plain";
}
