import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileBytes, openSession, withFolder } from "../test/sessions.ts";
import { decoder } from "./decoder.ts";
import { OnnxError } from "./errors.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { modelSizes, type ModelSize } from "./model-sizes.ts";
import { writeOnnxFile } from "./onnx-file.ts";
import { precisionOf } from "./precision.ts";
import { randomWeights } from "./random-weights.ts";

test("a graph keeps its names, types and dimensions", async () => {
  const graph = new GraphBuilder("doubles");
  const input = graph.input("x", "float32", ["batch_size", 3]);
  graph.node("Add", "y", [input, input]);
  graph.output("y", "float32", ["batch_size", 3]);
  const session = await openSession(graph);
  expect(session.inputMetadata).toEqual([
    { name: "x", isTensor: true, type: "float32", shape: ["batch_size", 3] },
  ]);
  expect(session.outputNames).toEqual(["y"]);
});

test("a node may only read what was made before it, under a name of its own", () => {
  const graph = new GraphBuilder("wrong");
  expect(() => graph.node("Relu", "y", ["x"])).toThrow(`reads "x"`);
  graph.input("x", "float32", [1]);
  expect(() => graph.node("Relu", "x", ["x"])).toThrow(`named "x"`);
  expect(() => {
    graph.output("z", "float32", [1]);
  }).toThrow(`"z"`);
});

test("the same weights give the same bytes", async () => {
  const write = () =>
    fileBytes(
      decoder(randomWeights(modelSizes.tiny, 7), modelSizes.tiny.decoder, precisionOf("q4")),
    );
  expect(Buffer.compare(await write(), await write())).toBe(0);
});

test("a failed write leaves no file behind", () =>
  withFolder((folder) => {
    const graph = new GraphBuilder("short");
    graph.store({
      tensors: [{ name: "weight", type: "float32", shape: [4] }],
      bytes: () => [new Uint8Array(8)],
    });
    expect(() => writeOnnxFile(join(folder, "short.onnx"), graph)).toThrow("weight");
    expect(readdirSync(folder)).toEqual([]);
  }));

test("a model beyond 2 GiB is refused before anything is written", () =>
  withFolder((folder) => {
    const small = modelSizes["0.5b"];
    const large: ModelSize = {
      ...small,
      decoder: { ...small.decoder, hiddenSize: 3584, attentionHeads: 56 },
    };
    const graph = decoder(randomWeights(large, 1), large.decoder, precisionOf("fp32"));
    const path = join(folder, "onnx", "large.onnx");
    try {
      writeOnnxFile(path, graph);
      expect.unreachable();
    } catch (error) {
      expect(OnnxError.is(error, "file-too-large") && error.details.sizeBytes).toBeGreaterThan(
        2 ** 31,
      );
    }
    expect(existsSync(path)).toBe(false);
  }));
