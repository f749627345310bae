/**
 * What a device must compute before the kit accepts it, from the float files on the WASM CPU. That
 * these agree with PyTorch is tested in packages/onnx (golden.test.ts).
 */

import { readFile } from "node:fs/promises";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import type { DescribedSizes, ModelFamily } from "../../web/src/families/family.ts";
import type { SelfCheck } from "../../web/src/protocol/model-descriptor.ts";

const PROMPT = "Describe this image.";
const FEATURE_STRIDE = 61; // Prime: walks through all channels. About 50 values.
const TOKEN_COUNT = 3;

/**
 * The int8 files of the same model are at 0.99 or above; a GPU that computes garbage is nowhere
 * near.
 */
const MIN_COSINE = 0.97;

/** What is checked, and how large the check image is. */
export interface CheckedModel {
  readonly family: ModelFamily;
  readonly described: DescribedSizes;
  /** Side of the check image in pixels: one that is encoded in one piece. */
  readonly checkedSize: number;
}

/** @param folder the model's, with `onnx/` in it */
export async function computeSelfCheck(
  folder: string,
  { family, described, checkedSize }: CheckedModel,
): Promise<SelfCheck> {
  // The runtime is written for a worker.
  Object.assign(globalThis, { self: globalThis, crossOriginIsolated: false });
  const { createOnnxRuntime } = await import("../../web/src/engines/ort/onnx-runtime.ts");
  const { WASM_BUILD } = await import("../../web/src/runtimes/wasm.ts");
  const { createTextCodec } = await import("../../web/src/inference/tokenizer.ts");
  const { observe } = await import("../../web/src/inference/self-check.ts");

  const readJson = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(`${folder}/${name}`, "utf8"));
  const files = {
    vision: "vision_encoder",
    embed: "embed_tokens",
    decoder: "decoder_model_merged",
  };
  const setup = family.configure({ config: await readJson("config.json") }, described);
  const runtime = await createOnnxRuntime({
    device: "wasm",
    wasmThreads: 1,
    source: { builds: WASM_BUILD, files: undefined },
    imageSize: checkedSize,
    ports: setup.ports,
    maxPositions: setup.maxPositions,
    openFile: async (graph) => {
      const bytes = new Uint8Array(await readFile(`${folder}/onnx/${files[graph]}.onnx`));
      return { ...sourceOfBytes(bytes), close: () => undefined };
    },
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
  });
  const codec = createTextCodec(
    await readJson("tokenizer.json"),
    await readJson("tokenizer_config.json"),
    setup.prompt,
  );
  const { features, tokenIds } = await observe(
    runtime,
    { codec, setup },
    { size: checkedSize, prompt: PROMPT, answer: TOKEN_COUNT },
  );
  await runtime.dispose();
  return {
    prompt: PROMPT,
    expectedTokenIds: tokenIds,
    features: Array.from(
      features.filter((_, index) => index % FEATURE_STRIDE === 0),
      (value) => Number(value.toPrecision(6)),
    ),
    featureStride: FEATURE_STRIDE,
    minCosine: MIN_COSINE,
  };
}
