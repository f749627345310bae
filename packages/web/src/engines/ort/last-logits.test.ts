import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-web/wasm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lastLogits, sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import { createSession } from "./create-session.ts";
import type { Embedding } from "./embedding.ts";
import { outlineGraph } from "./graph-file.ts";
import { OnnxDecoding } from "./onnx-decoding.ts";
import { createGrowingCache } from "./growing-kv-cache.ts";
import { listPast } from "./kv-cache.ts";
import type { Session } from "./session.ts";

const SPEC = {
  graph: "decoder",
  device: "wasm",
  options: { executionProviders: ["wasm"] },
} as const;

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
});

describe("a decoder of which only the last logits are asked", () => {
  const folder = fileURLToPath(new URL("../../../../tiny/model/onnx", import.meta.url));
  const files = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.startsWith("decoder"))
    : [];

  it.each(files)("has the numbers of %s, over prompts and the tokens behind them", async (name) => {
    const bytes = new Uint8Array(readFileSync(`${folder}/${name}`));
    const graph = outlineGraph({ ...sourceOfBytes(bytes), close: () => undefined }, "decoder");
    const plain = await createSession(ort, SPEC, graph);
    const rewritten = await createSession(ort, SPEC, graph, { rewrite: lastLogits });
    expect([plain.isRewritten, rewritten.isRewritten]).toEqual([false, true]);

    for (const prompt of [[1], [5, 300, 17], Array.from({ length: 60 }, (_, n) => n * 3)]) {
      const [one, other] = [decodingOf(plain.session), decodingOf(rewritten.session)];
      for (const ids of [prompt, [44], [45, 46]]) {
        const parts = [{ kind: "tokens", ids }] as const;
        const expected = (await (await one.append(parts)).readLogits()).slice();
        const logits = await (await other.append(parts)).readLogits();
        expect(logits.length).toBe(expected.length);
        // Sums of whole numbers are exact; those of floats are made in another order for one row.
        const tolerance = name.includes("int8") ? 0 : 2e-4;
        expect(largestDifference(logits, expected)).toBeLessThanOrEqual(tolerance);
      }
    }
  });

  it.each(files)("computes one row of %s, whatever the length of the prompt", async (name) => {
    const bytes = new Uint8Array(readFileSync(`${folder}/${name}`));
    const graph = outlineGraph({ ...sourceOfBytes(bytes), close: () => undefined }, "decoder");
    const { session } = await createSession(ort, SPEC, graph, { rewrite: lastLogits });
    expect(session.outputs.find((output) => output.name === "logits")?.shape[1]).toBe(1);

    const run = vi.spyOn(session, "run");
    await decodingOf(session).append([{ kind: "tokens", ids: [5, 300, 17] }]);
    const outputs = (await run.mock.results[0]!.value) as Record<string, ort.Tensor>;
    expect(outputs["logits"]!.dims[1]).toBe(1);
  });
});

/** Rows that look like embeddings and are different for each id. */
function decodingOf(session: Session): OnnxDecoding {
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
  const parts = { ort, decoder: session, embedding };
  return new OnnxDecoding(parts, createGrowingCache(ort, listPast(session)));
}

function largestDifference(some: Float32Array, others: Float32Array): number {
  return some.reduce((most, value, index) => Math.max(most, Math.abs(value - others[index]!)), 0);
}
