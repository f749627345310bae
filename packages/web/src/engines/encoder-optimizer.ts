/** How an engine writes a vision encoder that runs faster on this device; it is written once and stored. */

import type { GraphFile } from "./graph-file.ts";

export interface EncoderOptimizer {
  /** How it is made, with a version: where this changes, the stored file is made again. */
  readonly kind: string;
  /** Added to the variant's name while the written encoder runs: its answers are not those of the model's own. */
  readonly label: string;
  /**
   * Reads the file's structure only.
   *
   * @param isAlways also where little is gained
   * @returns undefined where there is nothing to gain, or the file is not understood
   */
  plan(source: GraphFile, isAlways: boolean): WrittenFile | undefined;
}

/** A file before it is written. */
export interface WrittenFile {
  readonly bytes: number;
  /** Its content, from front to back. The source is read meanwhile and must be open. */
  write(): Iterable<Uint8Array>;
}
