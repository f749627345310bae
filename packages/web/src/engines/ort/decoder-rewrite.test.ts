import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-web/wasm";
import { beforeAll, describe, expect, it } from "vitest";
import {
  lastLogits,
  rewriteDecoder,
  sourceOfBytes,
  type RewriteSummary,
} from "@fastvlm-kit/onnx/graph";
import type { Decoding } from "../runtime.ts";
import { createSession, LOCATION, type GraphRewrite } from "./create-session.ts";
import type { Embedding } from "./embedding.ts";
import { outlineGraph, type Graph } from "./graph-file.ts";
import { createAppendedCache } from "./appended-kv-cache.ts";
import { createGrowingCache } from "./growing-kv-cache.ts";
import { listPast, type KvCache } from "./kv-cache.ts";
import { OnnxDecoding } from "./onnx-decoding.ts";
import type { Session } from "./session.ts";

const SPEC = {
  graph: "decoder",
  device: "wasm",
  options: { executionProviders: ["wasm"] },
} as const;

/** What becomes of the three decoders of the embedded model, which has three layers. */
const PARTS: Readonly<Record<string, Partial<RewriteSummary>>> = {
  "decoder_model_merged.onnx": { biases: 0, rotary: 3, joined: 0 },
  "decoder_model_merged_int8.onnx": { biases: 0, rotary: 3, joined: 0 },
  "decoder_model_merged_q4.onnx": { biases: 9, rotary: 3, joined: 3 },
};

/** What sums in another order may change, of logits up to 11; 1.6e-5 was the largest seen. */
const TOLERANCE = 5e-5;

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
});

const folder = fileURLToPath(new URL("../../../../tiny/model/onnx", import.meta.url));
const files = existsSync(folder)
  ? readdirSync(folder).filter((name) => name.startsWith("decoder"))
  : [];
const PROMPTS = [[1], [5, 300, 17], Array.from({ length: 60 }, (_, n) => n * 3)];

// The graph for GPUs, on the CPU: its operators know all of these inputs on both.
describe("a decoder rewritten for a GPU", () => {
  it.each(files.flatMap((name) => [[name, LOCATION] as const, [name, undefined] as const]))(
    "has the numbers of %s over prompts and the tokens behind them; joined: %s",
    async (name, location) => {
      const graph = outlineFile(name);
      const { edit, parts, source } = rewriteDecoder(graph.model!, {
        device: "webgpu",
        ...(location && { location }),
      })!;
      const joined = location === undefined ? { joined: 0 } : {};
      const left = { logits: "last", kv: "all", unfused: 0, positioned: 3 };
      expect(parts).toEqual({ ...left, ...PARTS[name], ...joined });
      const file = {
        size: source.size,
        read: (start: number, end: number) => source.read(start, end),
        close: () => undefined,
      };
      const plain = await open(graph, lastLogits);
      const rewritten = await open({ file, model: graph.model, weights: file }, () => edit);
      // A product with more columns is summed in other tiles on the CPU; on a GPU it is the same.
      const tolerance = parts.joined > 0 ? TOLERANCE : 0;

      for (const prompt of PROMPTS) {
        const [one, other] = [decodingOf(plain), decodingOf(rewritten)];
        for (const ids of [prompt, [44], [45, 46], [47]])
          await expectSame(one, other, ids, tolerance);
      }
    },
  );
});

describe("a decoder rewritten for the CPU", () => {
  it.each(files)("has the numbers of %s, also in a sequence that branches off", async (name) => {
    const graph = outlineFile(name);
    const { edit, parts, newPositions } = rewriteDecoder(graph.model!, { device: "wasm" })!;
    expect(parts).toMatchObject({ logits: "last", kv: "new", unfused: 3 });
    const plain = await open(graph, lastLogits);
    const rewritten = await open(graph, () => edit);
    const cacheOf = (session: Session): KvCache =>
      createAppendedCache(ort, listPast(session), { newPositions: newPositions!, isBiased: true });

    for (const prompt of PROMPTS) {
      const [one, other] = [decodingOf(plain), decodingOf(rewritten, cacheOf)];
      for (const ids of [prompt, [44], [45, 46, 47, 48, 49], [50]])
        await expectSame(one, other, ids, TOLERANCE);
      const [oneBranch, otherBranch] = [one.fork(prompt.length), other.fork(prompt.length)];
      for (const ids of [[60, 61, 62], [63]])
        await expectSame(oneBranch, otherBranch, ids, TOLERANCE);
      // The stem is as it was.
      await expectSame(one, other, [51], TOLERANCE);
    }
  });
});

async function expectSame(
  one: Decoding,
  other: Decoding,
  ids: readonly number[],
  tolerance: number,
): Promise<void> {
  const tokens = [{ kind: "tokens", ids }] as const;
  const expected = (await (await one.append(tokens)).readLogits()).slice();
  const prediction = await other.append(tokens);
  const logits = await prediction.readLogits();
  expect(logits.length).toBe(expected.length);
  expect(largestDifference(logits, expected)).toBeLessThanOrEqual(tolerance);
  const { id } = await prediction.readLikeliest();
  expect(id).toBe(logits.indexOf(Math.max(...logits)));
}

function outlineFile(name: string): Graph {
  const bytes = new Uint8Array(readFileSync(`${folder}/${name}`));
  return outlineGraph({ ...sourceOfBytes(bytes), close: () => undefined }, "decoder");
}

async function open(graph: Graph, rewrite: GraphRewrite): Promise<Session> {
  const { session, isRewritten } = await createSession(ort, SPEC, graph, { rewrite });
  expect(isRewritten).toBe(true);
  return session;
}

/** Rows that look like embeddings and are different for each id. */
function decodingOf(
  session: Session,
  createCache = (of: Session): KvCache => createGrowingCache(ort, listPast(of)),
): OnnxDecoding {
  const hidden = session.inputs.find((one) => one.name === "inputs_embeds")!.shape[2] as number;
  const embedding: Embedding = {
    rows: (ids) =>
      Promise.resolve(
        Float32Array.from(
          { length: ids.length * hidden },
          (_, index) => Math.sin(ids[Math.floor(index / hidden)]! * 1.7 + index) * 0.3,
        ),
      ),
    release: () => Promise.resolve(),
  };
  return new OnnxDecoding({ ort, decoder: session, embedding }, createCache(session));
}

function largestDifference(some: Float32Array, others: Float32Array): number {
  return some.reduce((most, value, index) => Math.max(most, Math.abs(value - others[index]!)), 0);
}
