import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-web/wasm";
import { beforeAll, expect, it } from "vitest";
import {
  GRAPH,
  OnnxError,
  sourceOfBytes,
  toSkeleton,
  type Field,
  type GraphOutline,
} from "@fastvlm-kit/onnx/graph";
import { createSession } from "./create-session.ts";
import { outlineGraph } from "./graph-file.ts";
import { lazyBytes } from "./lazy-bytes.ts";

const SPEC = { graph: "embed", device: "wasm", options: { executionProviders: ["wasm"] } } as const;

let embed: Uint8Array<ArrayBuffer>;
let expected: Float32Array;

beforeAll(async () => {
  ort.env.wasm.numThreads = 1;
  const path = "../../../../tiny/model/onnx/embed_tokens.onnx";
  embed = new Uint8Array(readFileSync(fileURLToPath(new URL(path, import.meta.url))));
  expected = await rowOf(await ort.InferenceSession.create(embed));
});

it("mounts the weights of a file, and computes the same", async () => {
  const { session, weights } = await createSession(ort, SPEC, graphOf(embed));
  expect(weights).toBe("mounted");
  const feeds = { input_ids: new ort.Tensor("int64", [5n, 300n], [1, 2]) };
  const { inputs_embeds: row } = await session.run(feeds);
  expect(await row!.getData()).toEqual(expected);
});

it("computes the same when ORT reads the weights piece by piece", async () => {
  const source = sourceOfBytes(embed);
  const skeleton = toSkeleton(source, { file: "embed", location: "weights" })!;
  const reads: [number, number][] = [];
  const data = lazyBytes({
    size: source.size,
    read: (start, end) => {
      reads.push([start, end]);
      return source.read(start, end).slice();
    },
  });
  const externalData = [{ path: "weights", data }];
  const session = await ort.InferenceSession.create(skeleton.bytes, { externalData });
  expect(await rowOf(session)).toEqual(expected);
  expect(reads.reduce((sum, [start, end]) => sum + end - start, 0)).toBe(skeleton.externalBytes);
});

it("loads a file whole where its weights cannot be mounted", async () => {
  const { session, weights } = await createSession(
    refusing("No mounting here"),
    SPEC,
    graphOf(embed),
  );
  expect(weights).toBe("whole");
  const feeds = { input_ids: new ort.Tensor("int64", [5n, 300n], [1, 2]) };
  expect(await (await session.run(feeds))["inputs_embeds"]!.getData()).toEqual(expected);
});

it("leaves a graph as it is where ORT refuses what was made of it, or where making it failed", async () => {
  const toNoNode = (model: GraphOutline) => ({
    replacements: new Map(model.fields.filter(isNode).map(({ start }) => [start, []])),
    additions: [],
  });
  const failing = () => {
    throw new OnnxError("model-invalid", { file: "test", reason: "test" }, "Not understood");
  };
  for (const rewrite of [toNoNode, failing]) {
    const graph = graphOf(embed);
    const { session, refused, ...how } = await createSession(ort, SPEC, graph, { rewrite });
    expect(refused.map(({ what }) => what)).toEqual(rewrite === toNoNode ? ["rewritten"] : []);
    expect(how).toEqual({ weights: "mounted", isRewritten: false, isCapturing: false });
    const feeds = { input_ids: new ort.Tensor("int64", [5n, 300n], [1, 2]) };
    expect(await (await session.run(feeds))["inputs_embeds"]!.getData()).toEqual(expected);
  }
});

it("hides no mistake of a rewrite", async () => {
  const rewrite = () => {
    throw new TypeError("A mistake");
  };
  await expect(createSession(ort, SPEC, graphOf(embed), { rewrite })).rejects.toThrow("A mistake");
});

it("does not try again with more memory when memory ran out", async () => {
  const attempt = createSession(refusing("std::bad_alloc"), SPEC, graphOf(embed));
  await expect(attempt).rejects.toMatchObject({ code: "out-of-memory" });
});

it("does not try again on a GPU that was lost", async () => {
  const attempt = createSession(refusing("Device lost"), SPEC, graphOf(embed), {
    gpuLoss: Promise.resolve("destroyed"),
  });
  await expect(attempt).rejects.toMatchObject({ code: "session-failed" });
});

it("leaves the last word on a damaged file to ORT", async () => {
  const damaged = embed.slice(0, embed.byteLength - 1);
  await expect(createSession(ort, SPEC, graphOf(damaged))).rejects.toMatchObject({
    code: "session-failed",
    details: { graph: "embed", stage: "create" },
  });
});

/** ORT, were it to fail on everything that is mounted. */
function refusing(message: string): typeof ort {
  const create = (bytes: Uint8Array, options: ort.InferenceSession.SessionOptions) =>
    options.externalData
      ? Promise.reject(new Error(message))
      : ort.InferenceSession.create(bytes, options);
  return { ...ort, InferenceSession: { ...ort.InferenceSession, create } } as typeof ort;
}

function isNode({ number }: Field): boolean {
  return number === GRAPH.node;
}

function graphOf(bytes: Uint8Array<ArrayBuffer>) {
  return outlineGraph({ ...sourceOfBytes(bytes), close: () => undefined }, "test");
}

async function rowOf(session: ort.InferenceSession): Promise<Float32Array> {
  const feeds = { input_ids: new ort.Tensor("int64", [5n, 300n], [1, 2]) };
  const { inputs_embeds: row } = await session.run(feeds);
  return (await row!.getData()) as Float32Array;
}
