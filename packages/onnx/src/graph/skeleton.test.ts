import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OnnxError } from "../errors.ts";
import { TENSOR } from "../format/onnx-fields.ts";
import { integerField, WIRE } from "../format/protobuf.ts";
import { sourceOfBytes, type ByteSource } from "./byte-source.ts";
import { joinPieces, messageField, stringField, type Piece } from "./pieces.ts";
import { toSkeleton } from "./skeleton.ts";
import { byteString } from "./tensor-outline.ts";
import { contentOf, createWireReader } from "./wire-reader.ts";

const MODEL_GRAPH = 7;
const INITIALIZER = 5;
const OPTIONS = { file: "test", location: "weights", minTensorBytes: 16 };
const NOTHING = sourceOfBytes(new Uint8Array(0));

describe("toSkeleton", () => {
  const folder = fileURLToPath(new URL("../../../tiny/model/onnx", import.meta.url));
  const files = existsSync(folder) ? readdirSync(folder) : [];

  it.each(files)("leaves the weights of %s behind, and nothing else", (name) => {
    const file = new Uint8Array(readFileSync(`${folder}/${name}`));
    const skeleton = toSkeleton(sourceOfBytes(file), { file: name, location: "weights" })!;
    expect(skeleton.bytes.byteLength).toBeLessThan(file.byteLength / 4);
    expect(Buffer.compare(withWeights(skeleton.bytes, file), file)).toBe(0);
  });

  it("says where the bytes are in the original file", () => {
    const file = model([tensor("w", [2, 3], bytes(24, 7))]);
    const { bytes: skeleton, externalBytes } = toSkeleton(sourceOfBytes(file), OPTIONS)!;
    const [written] = initializers(skeleton);
    expect(externalBytes).toBe(24);
    expect(written).toMatchObject({ location: "weights", length: "24", isExternal: true });
    const offset = Number(written!.offset);
    expect(Array.from(file.subarray(offset, offset + 24))).toEqual(Array.from(bytes(24, 7)));
  });

  it.each([
    ["a small one", tensor("w", [3], bytes(12))],
    ["one with other numbers of bytes than its shape says", tensor("w", [7], bytes(24))],
    ["one of a type that is not known", tensor("w", [24], bytes(24), { dataType: 99 })],
    ["one whose values are numbers", tensor("w", [6], [], { more: messageField(4, [bytes(24)]) })],
    [
      "one with bytes and numbers",
      tensor("w", [6], bytes(24), { more: messageField(4, [bytes(24)]) }),
    ],
    ["one with bytes twice", tensor("w", [6], bytes(24), { more: messageField(9, [bytes(24)]) })],
    [
      "one that is in another file already",
      tensor("w", [6], [], { more: [integerField(TENSOR.dataLocation, 1)] }),
    ],
    ["one with a field of tomorrow", tensor("w", [6], bytes(24), { more: [integerField(99, 1)] })],
    ["one of a negative size", tensor("w", [-6], bytes(24))],
  ])("keeps %s where it is", (_, kept) => {
    const moved = tensor("moved", [8], bytes(32));
    const skeleton = toSkeleton(sourceOfBytes(model([kept, moved])), OPTIONS)!;
    expect(skeleton.externalBytes).toBe(32);
    expect(contains(skeleton.bytes, joinPieces(NOTHING, kept))).toBe(true);
  });

  it("moves a shape that is packed, and a tensor of 4-bit numbers", () => {
    const packed = [...messageField(1, [Uint8Array.of(2, 3)]), integerField(2, 1)];
    const file = model([
      [...packed, ...stringField(8, "packed"), ...messageField(9, [bytes(24)])],
      tensor("nibbles", [7, 7], bytes(25), { dataType: 22 }),
    ]);
    expect(toSkeleton(sourceOfBytes(file), OPTIONS)?.externalBytes).toBe(49);
  });

  it("moves a tensor that says that it is here, and says only once where it is then", () => {
    const here = [integerField(TENSOR.dataLocation, 0)];
    const file = model([
      tensor("before", [8], bytes(32), { more: here }),
      [...here, ...tensor("after", [8], bytes(32))],
      tensor("small", [3], bytes(12), { more: here }),
    ]);
    const { bytes: skeleton, externalBytes } = toSkeleton(sourceOfBytes(file), OPTIONS)!;
    expect(externalBytes).toBe(64);
    expect(initializers(skeleton).map(({ isExternal }) => isExternal)).toEqual([true, true, false]);
    expect(initializers(skeleton).map(({ locations }) => locations)).toEqual([1, 1, 1]);
  });

  it("leaves tensors in nodes, subgraphs and functions alone", () => {
    const weights = tensor("inner", [8], bytes(32));
    const subgraph = messageField(INITIALIZER, weights);
    const node = messageField(1, [
      ...messageField(5, [...stringField(1, "value"), ...messageField(5, weights)]),
      ...messageField(5, [...stringField(1, "then"), ...messageField(6, subgraph)]),
    ]);
    const graph = [...node, ...messageField(INITIALIZER, tensor("moved", [8], bytes(32)))];
    const file = joinPieces(NOTHING, [
      ...messageField(MODEL_GRAPH, graph),
      ...messageField(25, node),
    ]);
    const skeleton = toSkeleton(sourceOfBytes(file), OPTIONS)!;
    expect(skeleton.externalBytes).toBe(32);
    expect(contains(skeleton.bytes, joinPieces(NOTHING, node))).toBe(true);
    expect(Buffer.compare(withWeights(skeleton.bytes, file), file)).toBe(0);
  });

  it("has nothing to say about a file without weights to leave behind", () => {
    expect(toSkeleton(sourceOfBytes(model([tensor("w", [1], bytes(4))])), OPTIONS)).toBeUndefined();
    expect(toSkeleton(NOTHING, OPTIONS)).toBeUndefined();
  });

  it("carries everything else over byte for byte, whatever it is", () => {
    fc.assert(
      fc.property(
        fields,
        fields,
        fc.array(anyTensor, { minLength: 1 }),
        (before, after, tensors) => {
          const graph = [
            ...before,
            ...tensors.flatMap((one) => [...messageField(INITIALIZER, one), ...after]),
          ];
          const file = joinPieces(NOTHING, [
            ...after,
            ...messageField(MODEL_GRAPH, graph),
            ...before,
          ]);
          const skeleton = toSkeleton(sourceOfBytes(file), OPTIONS);
          if (!skeleton) return;
          expect(Buffer.compare(withWeights(skeleton.bytes, file), file)).toBe(0);
        },
      ),
    );
  });

  it("reads a file in a few large pieces, and its weights not at all", () => {
    const file = model(
      Array.from({ length: 20 }, (_, index) => tensor(`w${index}`, [65536], bytes(262144))),
    );
    let asked = 0;
    let readBytes = 0;
    const counting: ByteSource = {
      size: file.byteLength,
      read: (start, end) => {
        asked += 1;
        readBytes += end - start;
        return file.subarray(start, end);
      },
    };
    toSkeleton(counting, OPTIONS);
    expect(asked).toBeLessThan(45);
    expect(readBytes).toBeLessThan(file.byteLength / 8);
  });
});

describe("toSkeleton on damaged files", () => {
  const whole = model([tensor("one", [4, 4], bytes(64)), tensor("two", [8], bytes(32))]);

  it("takes a file that is cut off anywhere for an invalid model", () => {
    for (let length = 1; length < whole.byteLength; length++) {
      const outcome = attempt(whole.subarray(0, length));
      if (outcome !== "model-invalid") expect(outcome).toBe("no skeleton");
    }
    expect(attempt(whole.subarray(0, whole.byteLength - 1))).toBe("model-invalid");
  });

  it("throws nothing but typed errors, whatever byte is wrong", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.byteLength - 1), fc.nat(255)), { minLength: 1 }),
        (changes) => {
          const damaged = whole.slice();
          for (const [at, byte] of changes) damaged[at] = byte;
          attempt(damaged);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("throws nothing but typed errors on noise", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => void attempt(noise)));
  });

  it.each([
    ["a varint of 11 bytes", [0x08, ...new Array<number>(10).fill(0x80), 0x00]],
    ["a length of 2^63", [0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["a negative length", [0x3a, ...new Array<number>(9).fill(0xff), 0x01]],
    [
      "a packed shape that ends in the middle of a number",
      [0x3a, 7, 0x2a, 3, 0x0a, 1, 0x86, 0x2a, 0],
    ],
    ["field number 0", [0x00, 0x01]],
    ["a group", [0x0b, 0x0c]],
    ["a tag that is cut off", [0x80]],
    ["a fixed64 that is cut off", [0x09, 1, 2, 3]],
  ])("refuses %s", (_, damage) => {
    expect(attempt(Uint8Array.from(damage))).toBe("model-invalid");
  });

  it("ends soon on a million graphs in one another, and on a file of nothing but tiny fields", () => {
    const startedAt = performance.now();
    const deep = new Uint8Array(4_000_000).fill(0x3a);
    attempt(deep);
    const tiny = new Uint8Array(40_000_000);
    for (let index = 0; index < tiny.length; index += 2) tiny[index] = 0x08;
    expect(attempt(tiny)).toBe("model-invalid");
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});

function attempt(file: Uint8Array): string {
  try {
    return toSkeleton(sourceOfBytes(file), OPTIONS) ? "skeleton" : "no skeleton";
  } catch (error) {
    if (OnnxError.is(error, "model-invalid")) return error.code;
    throw error;
  }
}

const fields = fc
  .array(
    fc.oneof(
      // Not the fields that the skeleton looks into.
      fc
        .tuple(fc.integer({ min: 20, max: 2 ** 28 }), fc.uint8Array())
        .map(([number, content]) => messageField(number, [content])),
      fc
        .tuple(fc.integer({ min: 20, max: 2 ** 28 }), fc.nat())
        .map(([number, value]) => [integerField(number, value)]),
    ),
  )
  .map((list) => list.flat());

const anyTensor = fc
  .record({
    name: fc.string(),
    size: fc.nat(20),
    dataType: fc.constantFrom(1, 2, 3, 7, 10, 22, 50),
  })
  .map(({ name, size, dataType }) =>
    tensor(encodeURIComponent(name), [size], bytes(size * 4), { dataType }),
  );

function bytes(length: number, seed = 3): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff);
}

function tensor(
  name: string,
  shape: readonly number[],
  raw: Uint8Array | readonly never[],
  { dataType = 1, more = [] as readonly Piece[] } = {},
): Piece[] {
  return [
    ...shape.map((size) => (size < 0 ? negative(size) : integerField(TENSOR.dims, size))),
    integerField(TENSOR.dataType, dataType),
    ...stringField(TENSOR.name, name),
    ...more,
    ...(raw instanceof Uint8Array ? messageField(TENSOR.rawData, [raw]) : []),
  ];
}

/** A dimension as 64-bit two's complement. */
function negative(size: number): Uint8Array {
  const written = [TENSOR.dims * 8];
  let rest = BigInt.asUintN(64, BigInt(size));
  for (; rest >= 0x80n; rest >>= 7n) written.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...written, Number(rest)]);
}

function model(tensors: readonly (readonly Piece[])[]): Uint8Array {
  const graph = tensors.flatMap((one) => messageField(INITIALIZER, one));
  return joinPieces(NOTHING, [integerField(1, 9), ...messageField(MODEL_GRAPH, graph)]);
}

interface Written {
  readonly location?: string;
  readonly offset?: string;
  readonly length?: string;
  readonly isExternal: boolean;
  /** How often it says where it is. */
  readonly locations: number;
  /** All fields but those of external data. */
  readonly others: Uint8Array[];
}

function readTensor(file: Uint8Array, span: { start: number; end: number }): Written {
  const reader = createWireReader(sourceOfBytes(file), "test");
  const entries: Record<string, string> = {};
  const others: Uint8Array[] = [];
  let isExternal = false;
  let locations = 0;
  for (const field of reader.fields(span)) {
    if (field.number === TENSOR.externalData) {
      const [key, value] = Array.from(reader.fields(contentOf(field)), (one) =>
        byteString(reader.read(contentOf(one))),
      );
      entries[key!] = value!;
    } else if (field.number === TENSOR.dataLocation) {
      isExternal = field.value === 1;
      locations++;
    } else others.push(reader.read(field).slice());
  }
  return { ...entries, isExternal, locations, others };
}

function initializers(file: Uint8Array): Written[] {
  const reader = createWireReader(sourceOfBytes(file), "test");
  return [...reader.fields({ start: 0, end: file.byteLength })]
    .filter(({ number }) => number === MODEL_GRAPH)
    .flatMap((graph) => [...reader.fields(contentOf(graph))])
    .filter(({ number }) => number === INITIALIZER)
    .map((one) => readTensor(file, contentOf(one)));
}

/** The way back: every external tensor gets its bytes again, as its last field. */
function withWeights(skeleton: Uint8Array, file: Uint8Array): Uint8Array {
  const reader = createWireReader(sourceOfBytes(skeleton), "test");
  const pieces: Piece[] = [];
  for (const field of reader.fields({ start: 0, end: skeleton.byteLength })) {
    if (field.number !== MODEL_GRAPH || field.wireType !== WIRE.bytes) {
      pieces.push(reader.read(field).slice());
      continue;
    }
    const graph: Piece[] = [];
    for (const inner of reader.fields(contentOf(field))) {
      const written = inner.number === INITIALIZER && readTensor(skeleton, contentOf(inner));
      if (!written || written.location === undefined) {
        graph.push(reader.read(inner).slice());
        continue;
      }
      const start = Number(written.offset);
      const raw = file.subarray(start, start + Number(written.length));
      graph.push(
        ...messageField(INITIALIZER, [...written.others, ...messageField(TENSOR.rawData, [raw])]),
      );
    }
    pieces.push(...messageField(MODEL_GRAPH, graph));
  }
  return joinPieces(NOTHING, pieces);
}

function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
  return Buffer.from(haystack).includes(Buffer.from(needle));
}
