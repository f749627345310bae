/** Runs graphs on formulas, as `numbers.ts` asks. */

import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import {
  createOnnxRuntime,
  type GraphPreparation,
  type OrtRuntime,
} from "../../packages/web/src/engines/ort/onnx-runtime.ts";
import { exportedImage, exportedRows, POSITIONS } from "../../packages/web/test/exported-inputs.ts";
import { FASTVLM_PORTS } from "../../packages/web/src/families/fastvlm/fastvlm.ts";
import type { Decoding } from "../../packages/web/src/engines/runtime.ts";
import type { NumbersRequest, SeenCall, SeenNumbers } from "./numbers.ts";
import { claimWideSubgroups } from "./wide-subgroups.ts";

if (self.name === "wide-subgroups") claimWideSubgroups();

onmessage = ({ data }: MessageEvent<NumbersRequest>) => {
  readNumbers(data).then(postMessage, (error: unknown) => {
    postMessage({ error: String(error) });
  });
};

async function readNumbers(request: NumbersRequest): Promise<SeenNumbers> {
  const { device, graphs, pictures, steps, fork, logitStride } = request;
  const prepared: Record<string, GraphPreparation> = {};
  const runtime = await createOnnxRuntime({
    device,
    wasmThreads: 0,
    files: undefined,
    imageSize: 1024,
    ports: FASTVLM_PORTS,
    maxPositions: POSITIONS,
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
  for (const { side, stride } of pictures) {
    const found = await runtime.encodeImage({ data: exportedImage(side), size: side });
    features.push({ tokens: found.tokens, values: everyNth(found.values, stride) });
  }
  const decoding = runtime.startDecoding();
  const seenSteps = await callAll(runtime, decoding, steps, logitStride);
  const seenFork =
    fork.length > 0
      ? await callAll(runtime, decoding.fork(steps[0]!.length), fork, logitStride)
      : [];
  await runtime.dispose();
  return { prepared, features, steps: seenSteps, fork: seenFork };
}

async function callAll(
  runtime: OrtRuntime,
  decoding: Decoding,
  calls: readonly (readonly number[])[],
  stride: number,
): Promise<SeenCall[]> {
  const seen = [];
  for (const ids of calls) {
    const features = { tokens: ids.length, values: exportedRows(ids) };
    const prediction = await decoding.append([{ kind: "image", features }]);
    const likeliest = await prediction.readLikeliest();
    seen.push({ likeliest, values: everyNth(await prediction.readLogits(), stride) });
  }
  return seen;
}

function everyNth(values: Float32Array, stride: number): number[] {
  return Array.from(values.filter((_, index) => index % stride === 0));
}
