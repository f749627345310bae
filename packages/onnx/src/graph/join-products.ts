/**
 * Replaces the three `MatMulNBits` of queries, keys and values by one. Its weights are the rows of the three, one below the
 * other. `GroupQueryAttention` reads the joined result, rotates it, and writes the KV cache in one step.
 */

import { DATA_TYPE } from "../format/data-type.ts";
import { LOCATION, TENSOR } from "../format/onnx-fields.ts";
import { integerField } from "../format/protobuf.ts";
import { ATTENTION, ATTENTION_INPUT, headSizeOf, NO_ATTENTION } from "./fuse-rotary.ts";
import { PRODUCT, PRODUCT_ATTRIBUTES, PRODUCT_INPUT } from "./fuse-bias.ts";
import type { DraftNode, GraphDraft } from "./graph-draft.ts";
import type { JoinedFile } from "./joined-file.ts";
import type { StoredTensor } from "./model-outline.ts";
import { RewriteLog } from "./rewrite-log.ts";
import { newTensor } from "./node-writer.ts";
import { messageField, stringField, type Piece } from "./pieces.ts";
const NAME = "joined-products";

export interface JoinedWeights {
  readonly file: JoinedFile;
  /** The name that the graph uses for that file, in ASCII. */
  readonly location: string;
}

type Products = readonly [query: DraftNode, key: DraftNode, value: DraftNode];

/** @returns how many attentions read from one product afterwards */
export function joinProducts(
  draft: GraphDraft,
  weights: JoinedWeights,
  log = new RewriteLog(),
): number {
  let count = 0;
  const attentions = draft.nodes(ATTENTION);
  if (attentions.length === 0) log.miss(NAME, NO_ATTENTION);
  for (const attention of attentions) {
    if (isJoined(attention)) continue; // Nothing is left to be done.
    const products = findProducts(draft, attention);
    const tensors = typeof products === "string" ? undefined : tensorsOf(draft, products);
    if (typeof products === "string" || !tensors) {
      log.miss(
        NAME,
        typeof products === "string" ? products : "weights of q, k and v differ in kind",
      );
      continue;
    }
    const name = `fastvlm-kit/joined/${count++}`;
    const inputs = tensors.map((parts, index) => {
      if (!parts) return "";
      draft.add(joinTensors(`${name}/${index}`, parts, weights));
      return `${name}/${index}`;
    });
    const [query, key, value] = products;
    const sizes = products.map(({ integers }) => integers.get("N")!);
    draft.remove(key);
    draft.remove(value);
    draft.change(query, {
      inputs: [query.inputs[0]!, ...inputs],
      outputs: [name],
      integers: { N: sizes.reduce((sum, size) => sum + size, 0) },
    });
    const others = attention.inputs.slice(ATTENTION_INPUT.pastKey);
    draft.change(attention, { inputs: [name, "", "", ...others] });
    for (const { name: unused } of tensors.flatMap((parts) => parts ?? []))
      draft.removeTensor(unused);
  }
  return count;
}

/** Whether one value already has queries, keys and values in the file. */
function isJoined({ inputs: [, key, value] }: DraftNode): boolean {
  return key === "" && value === "";
}

/** The three products of an attention that rotates, if it could read them from one value: heads of one size, side by side. */
function findProducts(draft: GraphDraft, attention: DraftNode): Products | string {
  const { inputs, integers } = attention;
  const [query, key, value] = inputs
    .slice(0, ATTENTION_INPUT.pastKey)
    .map((name) => draft.onlyFor(name, PRODUCT));
  if (integers.get("do_rotary") !== 1) return "attention does not rotate queries and keys itself";
  if (!query || !key || !value) return "q, k and v do not each come of a product of 4-bit weights";
  const products: Products = [query, key, value];
  const size = headSizeOf(draft, attention) ?? Number.NaN;
  const [heads, kvHeads] = [integers.get("num_heads"), integers.get("kv_num_heads")];
  const expected = [heads, kvHeads, kvHeads].map((count) => (count ?? Number.NaN) * size);
  const isExpected = products.every(
    (product, index) =>
      product.integers.get("N") === expected[index] &&
      product.inputs[0] === query.inputs[0] &&
      ALIKE.every((name) => product.integers.get(name) === query.integers.get(name)) &&
      draft.hasOnly(product, PRODUCT_ATTRIBUTES),
  );
  return isExpected ? products : "the products of q, k and v are not alike";
}

const ALIKE = [...PRODUCT_ATTRIBUTES].filter((name) => name !== "N");

const TYPES: Readonly<Record<number, readonly number[]>> = {
  [PRODUCT_INPUT.weight]: [DATA_TYPE.uint8],
  [PRODUCT_INPUT.scales]: [DATA_TYPE.float32, DATA_TYPE.float16],
  [PRODUCT_INPUT.zeroPoints]: [DATA_TYPE.uint8],
  [PRODUCT_INPUT.bias]: [DATA_TYPE.float32, DATA_TYPE.float16],
};

/**
 * The stored tensors of all three products, for each input after the first. Undefined for an input that none of them has.
 * The whole result is undefined if the products differ in which inputs they have.
 */
function tensorsOf(
  { flow }: GraphDraft,
  products: Products,
): (readonly StoredTensor[] | undefined)[] | undefined {
  const tensors: (readonly StoredTensor[] | undefined)[] = [];
  const last = Math.max(...products.map(({ inputs }) => inputs.length));
  for (let index: number = PRODUCT_INPUT.weight; index < last; index++) {
    const names = products.map(({ inputs }) => inputs[index] ?? "");
    const parts = names.map((name) => flow.stored(name)).filter((part) => part !== undefined);
    if (names.every((name) => name === "")) tensors.push(undefined);
    else if (parts.length === names.length && areRows(parts, TYPES[index])) tensors.push(parts);
    else return undefined;
  }
  return tensors;
}

/** Whether the bytes of the tensors, one after the other, are a tensor with the rows of all. */
function areRows([first, ...others]: readonly StoredTensor[], types: readonly number[] = []) {
  if (!first?.raw || !types.includes(first.dataType)) return false;
  return others.every(
    ({ raw, dataType, shape }) =>
      raw !== undefined &&
      dataType === first.dataType &&
      shape.length === first.shape.length &&
      shape.every((size, axis) => axis === 0 || size === first.shape[axis]),
  );
}

/** Smaller tensors are written into the graph itself, as in the file. */
const MIN_EXTERNAL_BYTES = 16 * 1024;
function joinTensors(
  name: string,
  parts: readonly StoredTensor[],
  { file, location }: JoinedWeights,
): Piece[] {
  const [{ dataType, shape }] = parts as [StoredTensor];
  const rows = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
  const spans = parts.map(({ raw }) => raw!);
  const bytes = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const tensor = { name, dataType, shape: [rows, ...shape.slice(1)] };
  if (bytes < MIN_EXTERNAL_BYTES) return newTensor(tensor, messageField(TENSOR.rawData, spans));
  const { start } = file.append(spans);
  const entry = (key: string, value: string): Piece[] =>
    messageField(TENSOR.externalData, [...stringField(1, key), ...stringField(2, value)]);
  return newTensor(tensor, [
    ...entry("location", location),
    ...entry("offset", String(start)),
    ...entry("length", String(bytes)),
    integerField(TENSOR.dataLocation, LOCATION.external),
  ]);
}
