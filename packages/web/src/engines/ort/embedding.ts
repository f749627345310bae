/** Returns rows of the embedding table, one for each token: [ids, hidden]. */
export interface Embedding {
  /** @throws {VlmError} `session-failed` for an id that the table does not have, and the errors of a runtime */
  rows(ids: readonly number[]): Promise<Float32Array>;
  release(): Promise<void>;
}
