import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { sharesScale, sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import { FASTVLM_PORTS } from "../../families/fastvlm/fastvlm.ts";
import type { PromptPart, Runtime } from "../runtime.ts";
import type { GraphFile } from "../graph-file.ts";
import { outlineGraph } from "./graph-file.ts";
import { createOnnxRuntime } from "./onnx-runtime.ts";
import { WASM_BUILD } from "../../runtimes/wasm.ts";

const folder = fileURLToPath(new URL("../../../../tiny/model/onnx", import.meta.url));
const DECODERS = {
  fp32: "decoder_model_merged.onnx",
  int8: "decoder_model_merged_int8.onnx",
  q4: "decoder_model_merged_q4.onnx",
};

beforeAll(() => {
  Object.assign(globalThis, { self: globalThis, crossOriginIsolated: false });
});

describe("the first position of a prompt", () => {
  it.each([
    ["fp32", false],
    ["int8", true],
    ["q4", false],
  ] as const)("shares a scale with the others in %s: %s", (dtype, isShared) => {
    expect(sharesScale(outlineGraph(openFile(DECODERS[dtype]), "decoder").model!)).toBe(isShared);
  });

  it("runs by itself in int8, also if it belongs to an image", async () => {
    const runtime = await openInt8();
    const tokens = { kind: "tokens", ids: [5, 300, 17, 44] } as const;
    const image = { kind: "image", features: { tokens: 4, values: rows(4) } } as const;
    for (const [whole, first, rest] of [
      [[tokens], { kind: "tokens", ids: [5] }, [{ kind: "tokens", ids: [300, 17, 44] }]],
      [
        [image, tokens],
        { kind: "image", features: { tokens: 1, values: rows(4).slice(0, HIDDEN) } },
        [{ kind: "image", features: { tokens: 3, values: rows(4).slice(HIDDEN) } }, tokens],
      ],
    ] as const) {
      expect(await logitsOf(runtime, [whole])).toEqual(await logitsOf(runtime, [[first], rest]));
    }
    // What comes later does share a scale, so that other runs are other numbers.
    const more = [[tokens], [{ kind: "tokens", ids: [1, 2] } as const]];
    const apart = [[tokens], ...[1, 2].map((id) => [{ kind: "tokens", ids: [id] } as const])];
    expect(await logitsOf(runtime, more)).not.toEqual(await logitsOf(runtime, apart));
    await runtime.dispose();
  });
});

/** The width of the embedded model. */
const HIDDEN = 192;

function rows(count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count * HIDDEN }, (_, index) => Math.sin(index * 1.7));
}

async function logitsOf(
  runtime: Runtime,
  runs: readonly (readonly PromptPart[])[],
): Promise<Float32Array> {
  const decoding = runtime.startDecoding();
  try {
    let logits = new Float32Array();
    for (const parts of runs)
      logits = Float32Array.from(await (await decoding.append(parts)).readLogits());
    return logits;
  } finally {
    decoding.dispose();
  }
}

function openInt8(): Promise<Runtime> {
  const names = {
    vision: "vision_encoder.onnx",
    embed: "embed_tokens_int8.onnx",
    decoder: DECODERS.int8,
  };
  return createOnnxRuntime({
    device: "wasm",
    wasmThreads: 1,
    source: { builds: WASM_BUILD, files: undefined },
    imageSize: 256,
    ports: FASTVLM_PORTS,
    maxPositions: 1024,
    openFile: (graph) => Promise.resolve(openFile(names[graph])),
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
  });
}

function openFile(name: string): GraphFile {
  const bytes = new Uint8Array(readFileSync(`${folder}/${name}`));
  return { ...sourceOfBytes(bytes), close: () => undefined };
}
