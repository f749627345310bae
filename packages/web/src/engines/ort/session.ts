/**
 * One ONNX graph: created, run, released; ORT's errors become the kit's. ORT's messages hold paths
 * of its build machine and change between versions, so nothing is decided by them except memory.
 */

import { VlmError } from "../../protocol/errors.ts";
import type { Device, GraphName } from "../../protocol/model-descriptor.ts";
import { captureOptions } from "./graph-capture.ts";
import type { OrtModule } from "./load-ort.ts";
import type { InferenceSession, Tensor } from "onnxruntime-web/webgpu";

export interface SessionSpec {
  readonly graph: GraphName;
  readonly device: Device;
  readonly bytes: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
}

/** A session and what is known of it. */
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
   * @param fetches tensors that outputs are written to; the others are made anew
   * @param capture the number of a run that may be captured; its tensors must be those of the first of that number
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

/** A failure is often the first sign of a lost GPU; the GPU's own notice follows shortly. */
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

export function deviceLost(reason: string, cause?: unknown): VlmError<"device-lost"> {
  return new VlmError(
    "device-lost",
    "The GPU was lost while the model ran on it. Repeat the call; the kit starts a fresh worker for it.",
    { reason },
    { cause },
  );
}

/** Whether memory ran out, of whatever ORT says so. */
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
      `Memory ran out in the ${graph} graph. Use a smaller model or picture, or close other tabs.`,
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

/** ORT's messages name files of the machine that built it; they say nothing to a user. */
function withoutBuildPaths(cause: unknown): Error {
  return new Error(messageOf(cause).replace(/(?:\/[\w.+-]+){2,}(?=[\s:]|$)/g, "…"));
}
