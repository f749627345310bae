/** Runs graphs on formulas, as `numbers.ts` asks. */

import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import {
  createOnnxRuntime,
  type GraphPreparation,
  type OrtRuntime,
} from "../../packages/web/src/engines/ort/onnx-runtime.ts";
import { ALL_BUILDS } from "../../packages/web/src/runtimes/all.ts";
import * as idefics3 from "../../packages/web/test/exported-idefics3-inputs.ts";
import * as fastvlm from "../../packages/web/test/exported-inputs.ts";
import { FASTVLM_PORTS } from "../../packages/web/src/families/fastvlm/fastvlm.ts";
import type {
  Decoding,
  ImageFeatures,
  ImageTensor,
  VisionPorts,
} from "../../packages/web/src/engines/runtime.ts";
import { smolVlmImages } from "../../packages/web/src/families/smolvlm/images.ts";
import { fillImages } from "../../packages/web/src/generation/prompt.ts";
import { weighToken } from "../../packages/web/src/generation/token-choice.ts";
import { drawKitImage } from "../../packages/web/test/exported-idefics3-questions.ts";
import type { AskedQuestion, NumbersRequest, SeenCall, SeenNumbers } from "./numbers.ts";
import { claimWideSubgroups } from "./wide-subgroups.ts";

interface ExportedModel {
  readonly ports: VisionPorts;
  readonly imageSize: number;
  readonly maxPositions: number;
  readonly hidden: number;
  readonly draw: (picture: number) => ImageTensor;
}

const MODELS: Readonly<Record<NumbersRequest["model"], ExportedModel>> = {
  fastvlm: {
    ports: FASTVLM_PORTS,
    imageSize: 1024,
    maxPositions: fastvlm.POSITIONS,
    hidden: fastvlm.HIDDEN,
    draw: (side) => ({ data: fastvlm.exportedImage(side), size: side }),
  },
  idefics3: {
    ports: idefics3.IDEFICS3_PORTS,
    imageSize: idefics3.TILE,
    maxPositions: idefics3.POSITIONS,
    hidden: idefics3.HIDDEN,
    draw: (index) => ({ data: idefics3.idefics3Tile(index), size: idefics3.TILE }),
  },
};

if (self.name === "wide-subgroups") claimWideSubgroups();

let waits = 0;
if ("GPUBuffer" in self) {
  const mapAsync = Object.getOwnPropertyDescriptor(GPUBuffer.prototype, "mapAsync")!;
  const original = mapAsync.value as GPUBuffer["mapAsync"];
  const counted = function (this: GPUBuffer, ...how: Parameters<GPUBuffer["mapAsync"]>) {
    waits += 1;
    return original.apply(this, how);
  };
  Object.defineProperty(GPUBuffer.prototype, "mapAsync", { ...mapAsync, value: counted });
}

onmessage = ({ data }: MessageEvent<NumbersRequest>) => {
  readNumbers(data).then(postMessage, (error: unknown) => {
    postMessage({ error: String(error) });
  });
};

async function readNumbers(request: NumbersRequest): Promise<SeenNumbers> {
  const { device, graphs, pictures, steps, fork, logitStride } = request;
  const { ports, imageSize, maxPositions, hidden, draw } = MODELS[request.model];
  const prepared: Record<string, GraphPreparation> = {};
  const runtime = await createOnnxRuntime({
    device,
    wasmThreads: 0,
    source: { builds: ALL_BUILDS, files: undefined },
    imageSize,
    ports,
    maxPositions,
    async openFile(graph) {
      const answer = await fetch(graphs[graph]);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return { ...sourceOfBytes(bytes), close: () => undefined };
    },
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
    onGraphPrepared: (graph, how) => (prepared[graph] = how),
  });
  const features = [];
  for (const { picture, stride } of pictures) {
    const found = await runtime.encodeImage(draw(picture));
    features.push({ tokens: found.tokens, values: everyNth(found.values, stride) });
  }
  const decoding = runtime.startDecoding();
  const how = { stride: logitStride, hidden };
  const seenSteps = await callAll(decoding, steps, how);
  const seenFork = fork.length > 0 ? await callAll(decoding.fork(steps[0]!.length), fork, how) : [];
  const answers = [];
  for (const question of request.questions ?? []) answers.push(await answer(runtime, question));
  await runtime.dispose();
  return { prepared, features, steps: seenSteps, fork: seenFork, answers };
}

const IDEFICS3_TILES = smolVlmImages({
  tile: idefics3.TILE,
  tokens: idefics3.TILE_TOKENS,
  range: { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
});

/** The likeliest token after the prompt, and after each token, up to an end. */
async function answer(
  runtime: Pick<OrtRuntime, "encodeImage" | "startDecoding">,
  { images, detail, pieces, most, endIds }: AskedQuestion,
): Promise<number[]> {
  const features: ImageFeatures[] = [];
  for (const [width, height] of images) {
    const plan = IDEFICS3_TILES.plan({ width, height }, { side: detail, fit: "stretch" });
    const drawTile = plan.draw({ data: drawKitImage(width, height), width, height });
    for (const tile of plan.tiles.keys()) features.push(await runtime.encodeImage(drawTile(tile)));
  }
  const decoding = runtime.startDecoding();
  let parts = fillImages(pieces, features);
  const ids: number[] = [];
  while (ids.length < most && !endIds.includes(ids.at(-1)!)) {
    ids.push((await (await decoding.append(parts)).readLikeliest()).id);
    parts = [{ kind: "tokens", ids: ids.slice(-1) }];
  }
  decoding.dispose();
  return ids;
}

async function callAll(
  decoding: Decoding,
  calls: readonly (readonly number[])[],
  { stride, hidden }: { readonly stride: number; readonly hidden: number },
): Promise<SeenCall[]> {
  const seen = [];
  for (const ids of calls) {
    const before = waits;
    const features = { tokens: ids.length, values: fastvlm.exportedRows(ids, hidden) };
    const prediction = await decoding.append([{ kind: "image", features }]);
    const choice = await prediction.readLikeliest();
    const waited = waits - before;
    const logits = await prediction.readLogits();
    seen.push({
      likeliest: choice.id,
      choice,
      weighed: weighToken(logits, choice.id),
      waits: waited,
      values: everyNth(logits, stride),
    });
  }
  return seen;
}

function everyNth(values: Float32Array, stride: number): number[] {
  return Array.from(values.filter((_, index) => index % stride === 0));
}
