/** A SmolVLM of random weights goes through calls on onnxruntime: tiles, features that are used again, and a cancelled call. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configJson, exportModel, modelSizes, randomWeights } from "@fastvlm-kit/onnx";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { idefics3Tokenizer } from "../../test/idefics3-tokenizer.ts";
import { makeCall } from "../../test/results.ts";
import { createOnnxRuntime, type OrtRuntime } from "../engines/ort/onnx-runtime.ts";
import { SMOLVLM } from "../families/smolvlm/smolvlm.ts";
import { endIdsOf } from "../generation/end-ids.ts";
import { createSequenceCache } from "../generation/sequence-cache.ts";
import { DEFAULT_IMAGE_LIMITS } from "../image/limits.ts";
import { createRecorder } from "../metrics/recorder.ts";
import { resolveGenerationOptions } from "../schema/generation-options.ts";
import { createImageCache } from "../storage/image-cache.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createResultCache } from "../storage/result-cache.ts";
import type { CallMessage, WireImage } from "../wire/worker-api.ts";
import { answer, type AnswerParts } from "./answer.ts";
import { createImageSizes } from "./image-sizes.ts";
import { BROWSER_DECODER } from "../decode/browser-decoder.ts";
import { createImages } from "./images.ts";
import { createTextCodec } from "./tokenizer.ts";
import { WASM_BUILD } from "../runtimes/wasm.ts";

const SIZE = modelSizes["smolvlm-tiny"];
const TILE = SIZE.vision.tileSize;
const DESCRIBED = { imageSize: 4 * TILE, tileSize: TILE };
const FILES = { vision: "vision_encoder", embed: "embed_tokens", decoder: "decoder_model_merged" };

const setup = SMOLVLM.configure({ config: configJson(SIZE) }, DESCRIBED);
const codec = createTextCodec(idefics3Tokenizer.json, idefics3Tokenizer.config, setup.prompt);
const folder = mkdtempSync(join(tmpdir(), "smolvlm-"));
let runtime: OrtRuntime;

beforeAll(async () => {
  exportModel(randomWeights(SIZE, 1), SIZE, { directory: folder, dtypes: ["fp32"] });
  runtime = await createOnnxRuntime({
    device: "wasm",
    wasmThreads: 1,
    source: { builds: WASM_BUILD, files: undefined },
    imageSize: TILE,
    ports: setup.ports,
    maxPositions: setup.maxPositions,
    openFile: (graph) => {
      const bytes = new Uint8Array(readFileSync(join(folder, "onnx", `${FILES[graph]}.onnx`)));
      return Promise.resolve({ ...sourceOfBytes(bytes), close: () => undefined });
    },
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
  });
});

afterAll(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true });
});

/** Stripes, so that each tile is another one. */
function imageOf(width: number, height: number, id?: string): WireImage {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at += 1) {
    const value = ((at % width) * 3 + Math.floor(at / width) * 2) % 256;
    data.set([value, 255 - value, 128, 255], at * 4);
  }
  const pixels = { data, width, height } as unknown as ImageData;
  return { kind: "pixels", pixels, ...(id !== undefined && { id }) };
}

function create() {
  const limits = { maxBytes: 1e7, maxAgeMs: Infinity, now: () => 0 };
  const info = { id: "smolvlm-tiny", revision: "1", variant: "fp32" };
  let encoded = 0;
  const counting = {
    hiddenSize: runtime.hiddenSize,
    encodeImage: (image: Parameters<OrtRuntime["encodeImage"]>[0]) => {
      encoded += 1;
      return runtime.encodeImage(image);
    },
  };
  const cache = createImageCache(createMemoryStore(), limits);
  const form = setup.images;
  const parts: AnswerParts = {
    info,
    runtime,
    codec,
    prompt: setup.prompt,
    byDefault: form.byDefault,
    endIds: endIdsOf(setup, codec),
    sequences: createSequenceCache(runtime, 2 ** 26),
    images: createImages({
      runtime: counting,
      form,
      model: info,
      limits: DEFAULT_IMAGE_LIMITS,
      cache,
      decoder: BROWSER_DECODER,
    }),
    sizes: createImageSizes({ device: "wasm", form, ...form.choice(runtime, DESCRIBED.imageSize) }),
    results: createResultCache(createMemoryStore(), limits),
    recorder: createRecorder(() => undefined, Date.now),
  };
  const messages: CallMessage[] = [];
  const ask = (
    images: readonly WireImage[],
    { prompt = "What?", detail = 2 * TILE, checkpoint = () => Promise.resolve() } = {},
  ) => {
    const generation = resolveGenerationOptions({ maxNewTokens: 4 });
    const call = makeCall({ images, prompt, detail, fit: undefined, generation });
    return answer(parts, call, {
      signal: new AbortController().signal,
      enqueuedAt: 0,
      send: (message) => messages.push(message),
      enter: () => Promise.resolve(),
      checkpoint,
    });
  };
  return { ask, messages, encodedTiles: () => encoded };
}

describe("a SmolVLM", () => {
  it("answers about an image of five tiles, and uses them again for another question", async () => {
    const { ask, messages, encodedTiles } = create();
    const image = imageOf(200, 150, "a");
    const first = await ask([image]);
    expect(first.tokens).toMatchObject({ image: 5 * 16 + 13, reused: 0 });
    expect(first.tokens.output).toBeGreaterThan(0);
    expect(first.images).toEqual([{ width: 200, height: 150, size: 2 * TILE, tokens: 93 }]);
    expect(messages.filter(({ type }) => type === "tile-encoded")).toHaveLength(5);
    expect(encodedTiles()).toBe(5);

    const second = await ask([image], { prompt: "Why?" });
    expect(encodedTiles()).toBe(5);
    expect(second.tokens.reused).toBeGreaterThanOrEqual(93);
    // The kept KV cache changes nothing.
    const alone = await create().ask([image], { prompt: "Why?" });
    expect(alone).toMatchObject({ text: second.text, tokens: { reused: 0 } });
  });

  it("answers without an image, and about several", async () => {
    const { ask, encodedTiles } = create();
    expect((await ask([])).tokens.image).toBe(0);
    const two = await ask([imageOf(200, 150), imageOf(60, 40)], { detail: TILE });
    expect(two.tokens.image).toBe(2 * (16 + 3));
    expect(encodedTiles()).toBe(2);
  });

  it("ends a cancelled call after a tile, and needs no more than the others afterwards", async () => {
    const { ask, encodedTiles } = create();
    const reason = new DOMException("enough", "AbortError");
    let checks = 0;
    const checkpoint = () => ((checks += 1) > 3 ? Promise.reject(reason) : Promise.resolve());
    const image = imageOf(200, 150, "a");
    await expect(ask([image], { checkpoint })).rejects.toBe(reason);
    const before = encodedTiles();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(5);
    await ask([image]);
    expect(encodedTiles()).toBe(5);
  });
});
