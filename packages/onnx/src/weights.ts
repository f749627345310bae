import { OnnxError } from "./errors.ts";

/**
 * Named tensors, read when they are needed and never kept: a model's weights can be larger than memory.
 * Every read returns fresh float32 numbers, whatever the stored type is.
 */
export interface Weights {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws {OnnxError} `tensor-missing` */
  shape(name: string): readonly number[];
  /** @throws {OnnxError} `tensor-missing`, `dtype-unsupported`, `file-invalid` */
  read(name: string): Float32Array;
  /** Part of the first axis: `count` rows from `first`. A vocabulary table is read this way. */
  readRows(name: string, first: number, count: number): Float32Array;
}

/** The number of elements of a tensor of this shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The error for a tensor that is not there, naming what the file has instead. */
export function missingTensor(name: string, names: readonly string[]): OnnxError {
  const sample = names.slice(0, 3).join(", ");
  return new OnnxError(
    "tensor-missing",
    { tensor: name },
    `The weights have no tensor "${name}" (they have ${names.length}: ${sample}, …). Use a checkpoint with the names of Hugging Face, or for FastVLM with Apple's.`,
  );
}

/**
 * The name of the table of embeddings: `model.embed_tokens.weight`, or `model.text_model.embed_tokens.weight` in
 * SmolVLM. What stands before `embed_tokens` stands before the names of all the decoder's layers.
 *
 * @throws {OnnxError} `tensor-missing`
 */
export function embeddingTableOf(weights: Weights): string {
  const table = weights.names.find((name) => /(^|\.)embed_tokens\.weight$/.test(name));
  if (table === undefined) throw missingTensor("model.embed_tokens.weight", weights.names);
  return table;
}

/** @throws {OnnxError} `tensor-shape` when `name` is not shaped as the rest of the model says. */
export function assertShape(weights: Weights, name: string, expected: readonly number[]): void {
  const found = weights.shape(name);
  if (found.length === expected.length && found.every((size, axis) => size === expected[axis]))
    return;
  throw new OnnxError(
    "tensor-shape",
    { tensor: name, expected, found },
    `"${name}" is [${found.join(", ")}] where [${expected.join(", ")}] is needed. Check that config.json and the weights belong together.`,
  );
}
