/** Makes wrong ONNX files of right ones. Offsets and numbers are drawn, so that a test can draw many and shrink them. */

import fc from "fast-check";
import { bytesField, varint } from "../src/format/protobuf.ts";
import { GRAPH, MODEL } from "../src/format/onnx-fields.ts";

/** One change of a file's bytes. */
export type Mutation = (file: Uint8Array) => Uint8Array;

/** Numbers that a reader may take for sizes: the ends of 31, 32, 53, 63 and 64 bits. */
const LARGE = [
  ...[31n, 32n, 53n, 62n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n]),
  ...[2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
];

/** A varint of up to 64 bits. */
function bigVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const byte = Number(rest & 0x7fn);
    if (rest < 0x80n) return Uint8Array.from([...bytes, byte]);
    bytes.push(byte | 0x80);
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A model that holds nothing but this graph. */
export function modelOf(...graphFields: readonly Uint8Array[]): Uint8Array {
  const opset = joined(Uint8Array.of(0x10), varint(17));
  return joined(
    bytesField(MODEL.graph, joined(...graphFields)),
    bytesField(MODEL.opsetImport, opset),
  );
}

function text(number: number, value: string): Uint8Array {
  return bytesField(number, Buffer.from(value));
}

/**
 * So many nodes, each of which reads the one before twice; the last makes `output`, an output of the graph.
 *
 * @param isClosed whether the first reads the last, else an input
 */
export function chainOf(
  length: number,
  operator: string,
  output: string,
  isClosed: boolean,
): Uint8Array {
  const node = (index: number): Uint8Array => {
    const before = index > 0 ? `v${String(index - 1)}` : isClosed ? output : "pixel_values";
    const after = index < length - 1 ? `v${String(index)}` : output;
    const fields = [text(1, before), text(1, before), text(2, after), text(4, operator)];
    return bytesField(GRAPH.node, joined(...fields));
  };
  const nodes = Array.from({ length }, (_, index) => node(index));
  return joined(
    Buffer.concat(nodes),
    bytesField(GRAPH.input, text(1, "pixel_values")),
    bytesField(GRAPH.input, text(1, "pixel_attention_mask")),
    bytesField(GRAPH.output, text(1, output)),
  );
}

const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (file: Uint8Array, share: number): number => Math.floor(share * file.length);

const cut: fc.Arbitrary<Mutation> = place.map((share) => (file) => file.slice(0, at(file, share)));

const overwritten: fc.Arbitrary<Mutation> = fc
  .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 12 }))
  .map(([share, bytes]) => (file) => {
    const copy = file.slice();
    copy.set(bytes.subarray(0, copy.length - at(copy, share)), at(copy, share));
    return copy;
  });

/** Lengths and sizes are varints, so that one in the place of a byte makes the file lie. */
const inflated: fc.Arbitrary<Mutation> = fc
  .tuple(place, fc.constantFrom(...LARGE))
  .map(([share, value]) => (file) => {
    const offset = at(file, share);
    return joined(file.subarray(0, offset), bigVarint(value), file.subarray(offset + 1));
  });

/** Names of values appear several times: the bytes of one place in another make cycles and double names. */
const copied: fc.Arbitrary<Mutation> = fc
  .tuple(place, place, fc.integer({ min: 1, max: 400 }))
  .map(([from, to, length]) => (file) => {
    const copy = file.slice();
    const part = file.subarray(at(file, from), at(file, from) + length);
    copy.set(part.subarray(0, copy.length - at(copy, to)), at(copy, to));
    return copy;
  });

const doubled: fc.Arbitrary<Mutation> = fc.tuple(place, place).map(([from, to]) => (file) => {
  const [first, last] = [at(file, Math.min(from, to)), at(file, Math.max(from, to))];
  return joined(file.subarray(0, last), file.subarray(first));
});

/** One change, or several. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.oneof(cut, overwritten, overwritten, inflated, inflated, copied, copied, doubled),
  { minLength: 1, maxLength: 4 },
);

const OPERATORS = [
  ...[
    "Add",
    "Mul",
    "Sub",
    "Div",
    "Erf",
    "Tanh",
    "Sigmoid",
    "Pow",
    "Cast",
    "Where",
    "Greater",
    "And",
  ],
  ...[
    "MatMul",
    "Conv",
    "MatMulNBits",
    "MatMulInteger",
    "Gemm",
    "Softmax",
    "Gelu",
    "Split",
    "Concat",
  ],
  ...[
    "Reshape",
    "Transpose",
    "Slice",
    "Gather",
    "Squeeze",
    "Unsqueeze",
    "Expand",
    "Shape",
    "Flatten",
  ],
  ...["GlobalAveragePool", "AveragePool", "ReduceSum", "ReduceMean", "Identity", "Constant"],
  ...["GroupQueryAttention", "MultiHeadAttention", "RotaryEmbedding", "DequantizeLinear", "Pad"],
  ...["SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization", "ScatterND", "Range"],
];

const NAMES = [
  ...["a", "b", "c", "d", "e", "f", "logits", "inputs_embeds", "attention_mask", "position_ids"],
  ...["pixel_values", "pixel_attention_mask", "image_features", "input_ids", "", "__proto__"],
  ...["past_key_values.0.key", "past_key_values.0.value", "present.0.key", "present.0.value"],
];

const name = fc.constantFrom(...NAMES);
const size = fc.oneof(fc.constantFrom(0n, 1n, 2n, 3n, 4n, 64n, 151936n), fc.constantFrom(...LARGE));

const attribute = fc
  .tuple(
    fc.constantFrom("axis", "to", "num_heads", "kv_num_heads", "do_rotary", "K", "N", "block_size"),
    size,
  )
  .map(([key, value]) =>
    bytesField(5, joined(text(1, key), Uint8Array.of(3 << 3), bigVarint(value))),
  );

const node = fc
  .record({
    operator: fc.constantFrom(...OPERATORS),
    domain: fc.constantFrom("", "com.microsoft"),
    inputs: fc.array(name, { maxLength: 10 }),
    outputs: fc.array(name, { maxLength: 3 }),
    attributes: fc.array(attribute, { maxLength: 3 }),
  })
  .map(({ operator, domain, inputs, outputs, attributes }) =>
    bytesField(
      GRAPH.node,
      joined(
        ...inputs.map((value) => text(1, value)),
        ...outputs.map((value) => text(2, value)),
        text(4, operator),
        ...attributes,
        text(7, domain),
      ),
    ),
  );

const tensor = fc
  .record({
    dims: fc.array(size, { maxLength: 4 }),
    dataType: fc.integer({ min: 0, max: 23 }),
    name,
    raw: fc.option(fc.uint8Array({ maxLength: 64 })),
  })
  .map(({ dims, dataType, name, raw }) =>
    bytesField(
      GRAPH.initializer,
      joined(
        ...dims.map((value) => joined(Uint8Array.of(1 << 3), bigVarint(value))),
        joined(Uint8Array.of(2 << 3), varint(dataType)),
        text(8, name),
        ...(raw ? [bytesField(9, raw)] : []),
      ),
    ),
  );

const value = fc
  .tuple(fc.constantFrom(GRAPH.input, GRAPH.output, GRAPH.valueInfo), name, fc.array(size))
  .map(([number, called, dims]) => {
    const shape = dims.map((one) => bytesField(1, joined(Uint8Array.of(1 << 3), bigVarint(one))));
    const type = joined(Uint8Array.of(1 << 3, 1), bytesField(2, joined(...shape)));
    return bytesField(number, joined(text(1, called), bytesField(2, bytesField(1, type))));
  });

/** Graphs of a few values that everything reads and makes: cycles, values with two makers, and absurd sizes. */
export const tangledModels: fc.Arbitrary<Uint8Array> = fc
  .array(fc.oneof({ weight: 4, arbitrary: node }, { weight: 2, arbitrary: tensor }, value), {
    maxLength: 60,
  })
  .map((fields) => modelOf(...fields));
