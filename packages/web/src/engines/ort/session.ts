/**
 * Creates, runs and releases one ONNX graph, and turns ORT's errors into errors of the kit. ORT's messages contain paths of
 * its build machine and change between versions. So nothing but a lack of memory is recognised by them.
 */

import { VlmError } from "../../protocol/errors.ts";
import type { Device, GraphName } from "../../protocol/model-descriptor.ts";
import { captureOptions } from "./graph-capture.ts";
import type { OrtModule } from "./ort-source.ts";
import type { InferenceSession, Tensor } from "onnxruntime-web/webgpu";

export interface SessionSpec {
  readonly graph: GraphName;
  readonly device: Device;
  readonly bytes: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
}

/** A session of ORT. */
export class Session {
  readonly graph: GraphName;
  readonly #device: Device;
  readonly #session: InferenceSession;
  readonly #gpuLoss: Promise<string> | undefined;

  private constructor(
    spec: SessionSpec,
    session: InferenceSession,
    gpuLoss: Promise<string> | undefined,
  ) {
    this.graph = spec.graph;
    this.#device = spec.device;
    this.#session = session;
    this.#gpuLoss = gpuLoss;
  }

  /** @throws {VlmError} `session-failed`, `out-of-memory` */
  static async create(
    ort: OrtModule,
    spec: SessionSpec,
    gpuLoss?: Promise<string>,
  ): Promise<Session> {
    try {
      return new Session(
        spec,
        await ort.InferenceSession.create(spec.bytes, spec.options),
        gpuLoss,
      );
    } catch (cause) {
      throw toVlmError(cause, spec.device, "create", spec.graph);
    }
  }

  get inputs(): readonly InferenceSession.TensorValueMetadata[] {
    return this.#session.inputMetadata.filter((input) => input.isTensor);
  }

  get outputs(): readonly InferenceSession.TensorValueMetadata[] {
    return this.#session.outputMetadata.filter((output) => output.isTensor);
  }

  /**
   * @param fetches tensors into which outputs are written; other outputs get new tensors
   * @param capture the number of a run that may be captured; all runs with this number need the same tensors
   * @throws {VlmError} `device-lost`, `session-failed`, `out-of-memory`
   */
  async run(
    feeds: Record<string, Tensor>,
    fetches: Readonly<Record<string, Tensor>> = {},
    capture?: number,
  ): Promise<Record<string, Tensor>> {
    const others = this.#session.outputNames.map((name) => [name, null] as const);
    const isFixed = Object.keys(fetches).length > 0;
    const options = capture === undefined ? {} : captureOptions(capture);
    try {
      return await (isFixed
        ? this.#session.run(feeds, { ...Object.fromEntries(others), ...fetches }, options)
        : this.#session.run(feeds, options));
    } catch (cause) {
      const loss = await lossWithin(this.#gpuLoss);
      if (loss !== undefined) throw deviceLost(loss, cause);
      throw toVlmError(cause, this.#device, "run", this.graph);
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** Waits a moment for the message that the GPU was lost, because a failed run is often the first sign of it. */
export async function lossWithin(
  gpuLoss: Promise<string> | undefined,
  milliseconds = LOSS_NOTICE_MS,
): Promise<string | undefined> {
  if (!gpuLoss) return undefined;
  const notYet = new Promise<undefined>((resolve) => {
    setTimeout(resolve, milliseconds, undefined);
  });
  return Promise.race([gpuLoss, notYet]);
}

const LOSS_NOTICE_MS = 500;

function deviceLost(reason: string, cause?: unknown): VlmError<"device-lost"> {
  return new VlmError(
    "device-lost",
    "The GPU was lost while the model ran on it. Repeat the call; the kit starts a fresh worker for it.",
    { reason },
    { cause },
  );
}

/** Whether memory ran out, in any of the words that ORT has for it. */
export function isOutOfMemory(cause: unknown): boolean {
  return cause instanceof RangeError || OUT_OF_MEMORY.test(messageOf(cause));
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function toVlmError(
  cause: unknown,
  device: Device,
  stage: "create" | "run",
  graph: GraphName,
): VlmError {
  if (isOutOfMemory(cause)) {
    return new VlmError(
      "out-of-memory",
      `Memory ran out in the ${graph} graph. Use a smaller model or image, or close other tabs.`,
      { device },
      { cause: withoutBuildPaths(cause) },
    );
  }
  const what = stage === "create" ? "could not be loaded" : "failed";
  return new VlmError(
    "session-failed",
    `The ${graph} graph ${what} on ${device}. Try another device or other files of the model.`,
    { device, stage, graph },
    { cause: withoutBuildPaths(cause) },
  );
}

const OUT_OF_MEMORY = /out of memory|bad_alloc|allocation failed|could not allocate/i;

/** Removes paths of the build machine from ORT's message, because they mean nothing to a user. */
function withoutBuildPaths(cause: unknown): Error {
  return new Error(messageOf(cause).replace(/(?:\/[\w.+-]+){2,}(?=[\s:]|$)/g, "…"));
}
