import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-web/wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import { integerField } from "../../../../onnx/src/format/protobuf.ts";
import {
  buildModel,
  listed,
  stored,
  type NodeSpec,
} from "../../../../onnx/src/graph/fixtures/build-model.ts";
import { messageField, type Piece } from "../../../../onnx/src/graph/pieces.ts";
import { runEmbedding } from "./embedding-session.ts";
import { lookUpEmbedding } from "./embedding-look-up.ts";
import { outlineGraph, type Graph } from "./graph-file.ts";
import { Session } from "./session.ts";

const ROWS = 50;
const WIDTH = 8;
const SIZE = ROWS * WIDTH;
const IDS = [0, 49, 7, 7, 12, 0, 31];

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
});

describe("an embedding that is looked up", () => {
  const folder = fileURLToPath(new URL("../../../../tiny/model/onnx", import.meta.url));
  const files = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.startsWith("embed"))
    : [];

  it.each(files)("has the numbers of %s bit for bit, in every row", async (name) => {
    const bytes = new Uint8Array(readFileSync(`${folder}/${name}`));
    const graph = graphOf(bytes);
    const rows = graph.model!.tensors[0]!.shape[0]!;
    const ids = Array.from({ length: rows }, (_, id) => id);
    await expectSameRows(bytes, graph, ids);
  });

  const levels = numbers(Int8Array, (index) => ((index * 37) % 256) - 128);
  const shifted = numbers(Uint8Array, (index) => (index * 37) % 256);
  const floats = numbers(Float32Array, (index) => Math.sin(index) * 0.37);
  const halves = numbers(Uint16Array, (index) => (index * 1009) % 0x7c00);
  const gather = (table: string, output: string): NodeSpec => ({
    operator: "Gather",
    inputs: [table, "input_ids"],
    outputs: [output],
  });
  const toFloat = (input: string, output: string): NodeSpec => ({
    operator: "Cast",
    inputs: [input],
    outputs: [output],
    integers: { to: 1 },
  });
  const dequantize = (input: string, output: string, axis?: number): NodeSpec => ({
    operator: "DequantizeLinear",
    inputs: [input, "scale", "zero"],
    outputs: [output],
    ...(axis !== undefined && { integers: { axis } }),
  });
  const int8 = stored("table", [ROWS, WIDTH], levels, "int8");
  const scalar = stored("scale", [], Float32Array.of(0.0123), "float32");
  const rowScales = numbers(Float32Array, (row) => 0.01 + row / 77, ROWS);

  it.each<[string, NodeSpec[], Piece[][]]>([
    [
      "float32",
      [gather("table", "inputs_embeds")],
      [stored("table", [ROWS, WIDTH], floats, "float32")],
    ],
    [
      "float16, widened behind the look-up",
      [gather("table", "rows"), toFloat("rows", "inputs_embeds")],
      [stored("table", [ROWS, WIDTH], halves, "float16")],
    ],
    [
      "float16, widened in front of it",
      [toFloat("table", "wide"), gather("wide", "inputs_embeds")],
      [stored("table", [ROWS, WIDTH], halves, "float16")],
    ],
    [
      "int8 with a scale for each row, multiplied",
      [
        gather("table", "levels"),
        toFloat("levels", "rows"),
        gather("scales", "factors"),
        { operator: "Mul", inputs: ["factors", "rows"], outputs: ["inputs_embeds"] },
      ],
      [int8, stored("scales", [ROWS, 1], rowScales, "float32")],
    ],
    [
      "int8 with one scale and zero point",
      [gather("table", "levels"), dequantize("levels", "inputs_embeds")],
      [int8, scalar, stored("zero", [], Int8Array.of(-7), "int8")],
    ],
    [
      "uint8 with scale and zero point in lists",
      [gather("table", "levels"), dequantize("levels", "inputs_embeds")],
      [
        stored("table", [ROWS, WIDTH], shifted, "uint8"),
        listed("scale", "float32", packedFloat(0.0123)),
        listed("zero", "uint8", integerField(5, 131)),
      ],
    ],
    [
      "int8 with a scale and a zero point for each row",
      [dequantize("table", "wide", 0), gather("wide", "inputs_embeds")],
      [
        int8,
        stored("scale", [ROWS], rowScales, "float32"),
        stored("zero", [ROWS], levels.slice(0, ROWS), "int8"),
      ],
    ],
  ])("has the session's numbers bit for bit: %s", async (_, nodes, tensors) => {
    for (const saysWhere of [false, true]) {
      const bytes = embedModel(nodes, tensors, saysWhere);
      await expectSameRows(bytes, graphOf(bytes), IDS);
    }
  });

  it.each<[string, NodeSpec[], Piece[][]]>([
    [
      "something is added to the rows",
      [
        gather("table", "rows"),
        { operator: "Add", inputs: ["rows", "table"], outputs: ["inputs_embeds"] },
      ],
      [stored("table", [ROWS, WIDTH], floats, "float32")],
    ],
    [
      "the scale is one for each column",
      [gather("table", "levels"), dequantize("levels", "inputs_embeds", 2)],
      [
        int8,
        stored("scale", [WIDTH], rowScales.slice(0, WIDTH), "float32"),
        stored("zero", [WIDTH], levels.slice(0, WIDTH), "int8"),
      ],
    ],
    [
      "the scale is one for each column of a square table",
      [dequantize("table", "wide", 1), gather("wide", "inputs_embeds")],
      [
        stored("table", [WIDTH, WIDTH], levels.slice(0, WIDTH * WIDTH), "int8"),
        stored("scale", [WIDTH], rowScales.slice(0, WIDTH), "float32"),
        stored("zero", [WIDTH], levels.slice(0, WIDTH), "int8"),
      ],
    ],
    [
      "columns are fetched",
      [{ ...gather("table", "inputs_embeds"), integers: { axis: 1 } }],
      [stored("table", [ROWS, WIDTH], floats, "float32")],
    ],
    [
      "the scale is computed",
      [
        gather("table", "levels"),
        { operator: "Identity", inputs: ["scalar"], outputs: ["scale"] },
        dequantize("levels", "inputs_embeds"),
      ],
      [int8, stored("zero", [], Int8Array.of(0), "int8")],
    ],
    ["the table is not in the file", [gather("table", "inputs_embeds")], []],
  ])("is left to a session where %s", (_, nodes, tensors) => {
    const graph = graphOf(embedModel(nodes, tensors));
    expect(lookUpEmbedding(graph, "wasm")).toBeUndefined();
  });

  it("is left to a session where the file is damaged", () => {
    const graph = graphOf(new Uint8Array([0x3a, 0x7f, 1]));
    expect(lookUpEmbedding(graph, "wasm")).toBeUndefined();
  });

  describe("reading", () => {
    const model = embedModel(
      [gather("table", "inputs_embeds")],
      [stored("table", [ROWS, WIDTH], floats, "float32")],
    );

    it("reads a row once, however often it is asked for", async () => {
      const { graph, reads } = countingGraph(model);
      const embedding = lookUpEmbedding(graph, "wasm")!;
      await embedding.rows([3, 4, 3]);
      await embedding.rows([4]);
      expect(reads).toHaveLength(2);
      expect(reads.every(([start, end]) => end - start === WIDTH * 4)).toBe(true);
    });

    it.each([[-1], [ROWS], [0.5]])("refuses the id %d", async (id) => {
      const embedding = lookUpEmbedding(graphOf(model), "wasm")!;
      await expect(embedding.rows([id])).rejects.toMatchObject({
        code: "session-failed",
        details: { graph: "embed", stage: "run" },
      });
    });

    it("says so when the stored file can no longer be read, and reads again when it can", async () => {
      const { file, model: outline } = graphOf(model);
      let isGone = true;
      const read = (start: number, end: number): Uint8Array => {
        if (isGone) throw new Error("NotReadableError");
        return file.read(start, end);
      };
      const graph = { file, model: outline, weights: { ...file, read } };
      const embedding = lookUpEmbedding(graph, "wasm")!;
      await expect(embedding.rows([1])).rejects.toMatchObject({ code: "session-failed" });
      isGone = false;
      expect(await embedding.rows([1])).toEqual(floats.slice(WIDTH, 2 * WIDTH));
    });

    it("does not take a mistake with the bytes for a file that is gone", async () => {
      const { file, model: outline } = graphOf(model);
      const weights = { ...file, read: () => new Uint8Array(1) }; // Less than a row.
      const embedding = lookUpEmbedding({ file, model: outline, weights }, "wasm")!;
      await expect(embedding.rows([1])).rejects.toBeInstanceOf(RangeError);
    });

    it("gives rows that the caller may change", async () => {
      const embedding = lookUpEmbedding(graphOf(model), "wasm")!;
      (await embedding.rows([1])).fill(0);
      expect(await embedding.rows([1])).toEqual(floats.slice(WIDTH, 2 * WIDTH));
    });
  });
});

async function expectSameRows(
  bytes: Uint8Array<ArrayBuffer>,
  graph: Graph,
  ids: number[],
): Promise<void> {
  const options = { executionProviders: ["wasm"] };
  const session = await Session.create(ort, { graph: "embed", device: "wasm", bytes, options });
  const lookUp = lookUpEmbedding(graph, "wasm")!;
  const expected = await runEmbedding(ort, session).rows(ids);
  const rows = await lookUp.rows(ids);
  expect(rows.length).toBe(expected.length);
  expect(Buffer.compare(Buffer.from(rows.buffer), Buffer.from(expected.slice().buffer))).toBe(0);
}

function embedModel(
  nodes: NodeSpec[],
  tensors: Piece[][],
  saysWhere = false,
): Uint8Array<ArrayBuffer> {
  return buildModel({
    saysWhere,
    nodes,
    tensors,
    inputs: { input_ids: [7, ["batch_size", "sequence_length"]] },
    outputs: { inputs_embeds: [1, ["batch_size", "sequence_length", WIDTH]] },
  });
}

function graphOf(bytes: Uint8Array<ArrayBuffer>): Graph {
  return outlineGraph({ ...sourceOfBytes(bytes), close: () => undefined }, "embed");
}

function countingGraph(bytes: Uint8Array<ArrayBuffer>) {
  const { file, model } = graphOf(bytes);
  const reads: [number, number][] = [];
  const read = (start: number, end: number): Uint8Array => {
    reads.push([start, end]);
    return file.read(start, end);
  };
  return { graph: { file, model, weights: { ...file, read } }, reads };
}

function packedFloat(value: number): Uint8Array {
  const [header, bytes] = messageField(4, [new Uint8Array(Float32Array.of(value).buffer)]);
  return Uint8Array.from([...(header as Uint8Array), ...(bytes as Uint8Array)]);
}

function numbers<Numbers extends Record<number, number>>(
  Kind: new (size: number) => Numbers,
  make: (index: number) => number,
  size = SIZE,
): Numbers {
  const made = new Kind(size);
  for (let index = 0; index < size; index++) made[index] = make(index);
  return made;
}
