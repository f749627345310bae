/** Lets an engine write a vision encoder that runs faster on this device. It is written once and stored. */

import type { GraphFile } from "./graph-file.ts";

export interface EncoderOptimizer {
  /** Names how the file is made, with a version. If it changes, the stored file is made again. */
  readonly kind: string;
  /** Added to the variant's name while the written encoder runs, because its answers differ from those of the original. */
  readonly label: string;
  /**
   * Plans the file. Reads only the structure of the source.
   *
   * @param isAlways whether to plan also an encoder that gains little
   * @returns undefined if there is nothing to gain, or if the file is not understood
   */
  plan(source: GraphFile, isAlways: boolean): WrittenFile | undefined;
}

/** A file before it is written. */
interface WrittenFile {
  readonly bytes: number;
  /** The content from front to back. The source has to be open while this is read. */
  write(): Iterable<Uint8Array>;
}
