/** Which changes there are, and what became of each in one graph. */

/** The changes of a graph that the kit knows. */
export type RewriteName =
  /** Logits of the last position only. */
  | "last-logits"
  /** A window of attention that is as long as the longest sequence is taken for none. */
  | "no-wide-window"
  /** Products of 4-bit weights add their bias themselves. */
  | "fused-biases"
  /** Attention rotates queries and keys itself. */
  | "fused-rotation"
  /** Queries, keys and values come of one product. */
  | "joined-products"
  /** Attention is told the length of the sequence. */
  | "told-lengths"
  /** A run gives the new keys and values only. */
  | "new-positions"
  /** Attention is plain products, which the CPU runs faster. */
  | "unfused-attention"
  /** Steps are captured once and then replayed. */
  | "captured-steps"
  /** A pool that was made for one size of image is the mean over the map. */
  | "mean-over-map"
  /** Rows of the embedding table are read out of the file, without a session. */
  | "looked-up-rows";

/** How often a change was made, and why it was not. */
export interface RewriteReport {
  readonly name: RewriteName;
  /** Places of the graph that were changed. */
  readonly applied: number;
  /**
   * Why it was not made, or not everywhere: each reason once, in words for people that change with any version.
   * Empty where nothing is left to be changed.
   */
  readonly missed: readonly string[];
}
