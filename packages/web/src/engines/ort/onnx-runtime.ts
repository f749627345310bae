/**
 * Runs the model's three graphs with onnxruntime-web. The encoder and the decoder are sessions. The embedding is looked up
 * in its file, if its graph is only a table.
 */

import type { InferenceSession } from "onnxruntime-web/webgpu";
import { RewriteLog, type RewriteSummary } from "@fastvlm-kit/onnx/graph";
import type { Device, GraphName } from "../../protocol/model-descriptor.ts";
import type { DecoderForm } from "../../protocol/result.ts";
import type { CheckableRuntime, EncoderTrial, ReloadableDecoder } from "../checkable-runtime.ts";
import type { RuntimeOptions } from "../engine.ts";
import type { GraphFile } from "../graph-file.ts";
import type { Decoding, GpuWork, ImageFeatures, ImageTensor, VisionPorts } from "../runtime.ts";
import { visionInputs } from "../vision-inputs.ts";
import type { GraphReport } from "../../protocol/graph-report.ts";
import {
  createSession,
  type CreateSessionOptions,
  type CreatedSession,
  type WeightsPath,
} from "./create-session.ts";
import { lookUpEmbedding } from "./embedding-look-up.ts";
import { runEmbedding } from "./embedding-session.ts";
import type { Embedding } from "./embedding.ts";
import { ENCODER_OPTIONS } from "./encoder-options.ts";
import { outlineGraph, type Graph } from "./graph-file.ts";
import { openGpu } from "./gpu-device.ts";
import { countGpuWork } from "./gpu-work.ts";
import type { OrtModule } from "./ort-source.ts";
import { OnnxDecoding } from "./onnx-decoding.ts";
import { openDecoder, type OpenedDecoder } from "./open-decoder.ts";
import { openEncoder, type Encoder } from "./open-encoder.ts";
import type { Session } from "./session.ts";
import type { OrtSource } from "./ort-source.ts";
import { startOrt } from "./start-ort.ts";
import { input, missing, readFloats, toTensor } from "./tensors.ts";

/** As the seam has them, with what this engine tells its own tests besides. */
export interface OnnxRuntimeOptions extends Omit<
  RuntimeOptions,
  "decoderForm" | "onGraphLoaded" | "onGraphPrepared"
> {
  readonly source: OrtSource;
  /** The best form to try for the decoder. Graph and GPU may allow only a simpler one. Default `captured`. */
  readonly decoderForm?: DecoderForm;
  /** Called for each graph that gets a session. An embedding that is looked up has none. */
  readonly onSessionCreated: (graph: GraphName, milliseconds: number, weights: WeightsPath) => void;
  /** Called with the report of each graph that can be rewritten. */
  readonly onGraphPrepared?: (graph: GraphName, how: GraphPreparation) => void;
}

export type GraphPreparation = { readonly report: GraphReport } & (
  | (RewriteSummary & { readonly steps: "captured" | "run" })
  | { readonly embedding: "looked-up" | "session" }
  /** Whether the encoder takes images of any size. */
  | { readonly imageSize: "free" | "fixed" }
);

/** Its decoder has all forms, and its encoder can be exchanged. */
export type OrtRuntime = Required<Omit<CheckableRuntime, "gpuWork">> &
  Pick<CheckableRuntime, "gpuWork">;

/** The parts of a loaded model. */
interface Parts {
  readonly ort: OrtModule;
  readonly gpuWork: GpuWork | undefined;
  readonly embedding: Embedding;
  encoder: Encoder;
  readonly openEncoder: (file: GraphFile) => Promise<Encoder>;
  /** Undefined if it was released and could not be loaded again. */
  decoder: OpenedDecoder | undefined;
  readonly openDecoder: (form: DecoderForm) => Promise<OpenedDecoder>;
}

/**
 * Loads the three graphs, one after the other so that at most one file is in memory twice.
 *
 * @throws {VlmError} `session-failed`, `out-of-memory`, `device-lost`, `model-invalid`, and what `openFile` and its files throw
 */
export async function createOnnxRuntime(options: OnnxRuntimeOptions): Promise<OrtRuntime> {
  const { device, onGraphPrepared } = options;
  const ort = await startOrt(options);
  const gpu = device === "webgpu" ? await openGpu() : undefined;
  const gpuWork = gpu && countGpuWork(gpu);
  const gpuLoss = gpu?.lost.then(({ reason }) => reason);
  void gpuLoss?.then(options.onDeviceLost);
  const opened: Pick<Session, "release">[] = [];

  const open = async (graph: GraphName): Promise<Graph> => {
    const file = await options.openFile(graph);
    try {
      return outlineGraph(file, graph);
    } catch (error) {
      file.close();
      throw error;
    }
  };
  const create = async (
    name: GraphName,
    graph: Graph,
    sessionOptions: InferenceSession.SessionOptions,
    how: Pick<CreateSessionOptions, "rewrite" | "captures"> = {},
  ): Promise<CreatedSession> => {
    const startedAt = performance.now();
    const spec = { graph: name, device, options: sessionOptions };
    try {
      const created = await createSession(ort, spec, graph, { gpuLoss, ...how });
      options.onSessionCreated(name, performance.now() - startedAt, created.weights);
      opened.push(created.session);
      return created;
    } finally {
      graph.file.close();
    }
  };
  const openEmbedding = async (): Promise<Embedding> => {
    const graph = await open("embed");
    const log = new RewriteLog();
    const lookUp = lookUpEmbedding(graph, device, log);
    onGraphPrepared?.("embed", {
      embedding: lookUp ? "looked-up" : "session",
      report: {
        graph: "embed",
        device,
        form: lookUp ? "looked-up" : "plain",
        rewrites: [log.report("looked-up-rows", lookUp ? 1 : 0)],
        failures: [],
      },
    });
    if (lookUp) return lookUp;
    // Always on the CPU, where reading a row is cheap and a float16 table needs no `shader-f16`.
    const { session } = await create("embed", graph, { executionProviders: ["wasm"] });
    return runEmbedding(ort, session);
  };

  try {
    const provider = gpu ? { name: "webgpu", device: gpu } : { name: "wasm" };
    const providers = { executionProviders: [provider] };
    const outputs = gpu && { preferredOutputLocation: "gpu-buffer" as const };
    const embedding = await openEmbedding();
    const openEncoderOf = (file: Graph): Promise<Encoder> =>
      openEncoder(file, {
        create: (graph, rewrite) =>
          create("vision", graph, { ...providers, ...ENCODER_OPTIONS }, { rewrite }),
        device,
        ports: options.ports,
        ownSize: options.imageSize,
      });
    const encoder = await openEncoderOf(await open("vision"));
    const openDecoderAs = async (form: DecoderForm): Promise<OpenedDecoder> => {
      const decoder = await openDecoder(form, await open("decoder"), {
        ort,
        gpu,
        create: (graph, how) => create("decoder", graph, { ...providers, ...outputs }, how),
      });
      onGraphPrepared?.("decoder", {
        ...decoder.parts,
        report: decoder.report,
        steps: decoder.form === "captured" ? "captured" : "run",
      });
      return decoder;
    };
    const parts: Parts = {
      ort,
      gpuWork,
      embedding,
      encoder,
      openEncoder: (file) => openEncoderOf(outlineGraph(file, "vision")),
      decoder: await openDecoderAs(options.decoderForm ?? "captured"),
      openDecoder: openDecoderAs,
    };
    const runtime = new OnnxRuntime(parts, options);
    onGraphPrepared?.("vision", {
      imageSize: runtime.isImageSizeFree ? "free" : "fixed",
      report: encoder.report,
    });
    return runtime;
  } catch (error) {
    await Promise.allSettled(opened.map((session) => session.release()));
    gpu?.destroy();
    throw error;
  }
}

class OnnxRuntime implements OrtRuntime {
  hiddenSize: number | undefined;
  readonly device: Device;
  readonly maxPositions: number;
  readonly imageSize: number;
  readonly isImageSizeFree: boolean;
  readonly decoder: ReloadableDecoder;
  readonly gpuWork: GpuWork | undefined;
  readonly #ports: VisionPorts;
  readonly #parts: Parts;

  constructor(parts: Parts, { device, maxPositions, ports }: OnnxRuntimeOptions) {
    this.imageSize = parts.encoder.imageSize;
    this.isImageSizeFree = parts.encoder.isImageSizeFree;
    this.#parts = parts;
    this.#ports = ports;
    this.device = device;
    this.gpuWork = parts.gpuWork;
    this.maxPositions = maxPositions;
    this.decoder = {
      get form() {
        return parts.decoder?.form ?? "plain";
      },
      get sharesScale() {
        return parts.decoder?.runsFirstAlone === true;
      },
      async reload(most) {
        await parts.decoder?.release();
        parts.decoder = undefined;
        parts.decoder = await parts.openDecoder(most);
      },
    };
  }

  async encodeImage(image: ImageTensor): Promise<ImageFeatures> {
    const { ort, encoder } = this.#parts;
    const vision = encoder.session;
    const feeds = visionInputs(this.#ports, image).map(({ name, shape, type, values }) => {
      const tensor =
        type === "bool"
          ? new ort.Tensor("bool", values, shape)
          : toTensor(ort, input(vision, name), values, shape);
      return [name, tensor] as const;
    });
    const outputs = await vision.run(Object.fromEntries(feeds));
    const features = outputs[this.#ports.features];
    if (!features) throw missing("vision", this.#ports.features);
    const values = (await readFloats(features)).slice(); // [1, tokens, hidden]
    const tokens = features.dims.at(-2)!;
    this.hiddenSize = features.dims.at(-1)!;
    features.dispose();
    return { tokens, values };
  }

  async tryEncoder(file: GraphFile): Promise<EncoderTrial> {
    const parts = this.#parts;
    const [before, after] = [parts.encoder, await parts.openEncoder(file)];
    parts.encoder = after;
    return {
      keep: () => before.session.release(),
      async undo() {
        parts.encoder = before;
        await after.session.release();
      },
    };
  }

  startDecoding(): Decoding {
    const { ort, embedding, decoder } = this.#parts;
    if (!decoder) throw new Error("The decoder was released and not loaded again");
    const { session, onGpu, runsFirstAlone, createCache } = decoder;
    const parts = { ort, embedding, decoder: session, runsFirstAlone, ...(onGpu && { onGpu }) };
    return new OnnxDecoding(parts, createCache());
  }

  trim(): void {
    this.#parts.decoder?.trim();
  }

  async dispose(): Promise<void> {
    const { embedding, encoder, decoder } = this.#parts;
    const parts = [embedding, encoder.session, ...(decoder ? [decoder] : [])];
    await Promise.allSettled(parts.map((part) => part.release()));
  }
}
