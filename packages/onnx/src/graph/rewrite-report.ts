/** The changes that can be made in a graph, and the report about each of them. */

/** The changes that the kit can make in a graph. */
export type RewriteName =
  /** The decoder computes the logits of the last position only. */
  | "last-logits"
  /** A window of attention that is at least as long as the longest sequence is removed. */
  | "no-wide-window"
  /** Matrix products of 4-bit weights add their bias themselves. */
  | "fused-biases"
  /** The attention operator rotates queries and keys itself (rotary positions). */
  | "fused-rotation"
  /** One matrix product computes queries, keys and values. */
  | "joined-products"
  /** The length of the sequence is an input of the graph, in place of nodes that sum the mask. */
  | "told-lengths"
  /** A run returns the new keys and values only. */
  | "new-positions"
  /** Attention is written as plain matrix products, which the CPU runs faster. */
  | "unfused-attention"
  /** Decoding steps are captured once on the GPU and then replayed. */
  | "captured-steps"
  /** A pool that was exported for one size of image becomes the mean over the map, for any size. */
  | "mean-over-map"
  /** The vision encoder computes GELU by tanh in one node. */
  | "fused-gelu"
  /** The vision encoder adds no mask to its scores that hides nothing. */
  | "no-open-mask"
  /** Rows of the embedding table are read from the file, without a session. */
  | "looked-up-rows";

/** How often one change was made, and why it was not made elsewhere. */
export interface RewriteReport {
  readonly name: RewriteName;
  /** The number of places in the graph that were changed. */
  readonly applied: number;
  /**
   * Why the change was not made, or not everywhere. Each reason is listed once, in words for people; the words may change
   * with any version. Empty if nothing is left to change.
   */
  readonly missed: readonly string[];
}
