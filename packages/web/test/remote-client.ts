/** A client of remote nodes without a page: real requests, and images that are made up where Node has no canvas. */

import type { RemoteNodeOptions, RemoteNodesOptions } from "../src/api/remote.ts";
import { resolveImageLimits } from "../src/image/limits.ts";
import { createRecorder } from "../src/metrics/recorder.ts";
import type { Metric } from "../src/protocol/metric.ts";
import type { GenerateEvent, VlmEvent, VlmResult } from "../src/protocol/result.ts";
import type { EncodeImage } from "../src/remote/encode-image.ts";
import { remoteNode } from "../src/remote/node-settings.ts";
import { RemoteNodeSet } from "../src/remote/remote-nodes.ts";
import type { AskedQuestion } from "../src/serving/active-model.ts";
import type { RateLimiter } from "../src/serving/rate-limiter.ts";
import type { RunOnDevice } from "../src/serving/route.ts";
import type { GenerateCall, WireImage } from "../src/wire/worker-api.ts";
import { makeCall } from "./results.ts";

/** Bytes of no image: the server that reads them looks only whether they came. */
const encode: EncodeImage = (_image, _view, maxSide) =>
  Promise.resolve({
    url: `data:image/jpeg;base64,${Buffer.from(`side ${String(maxSide)}`).toString("base64")}`,
    bytes: 7,
    info: { width: 640, height: 480, size: maxSide, tokens: 0 },
  });

export const nodeAt = (baseUrl: string, options: Partial<RemoteNodeOptions> = {}) =>
  remoteNode({ baseUrl, model: "test", purpose: "A test", retries: 0, ...options });

export interface AskOptions extends Partial<Pick<AskedQuestion, "signal" | "timeoutMs" | "known">> {
  readonly mode?: RemoteNodesOptions["mode"];
  readonly onDevice?: RunOnDevice;
}

export function createRemoteClient(
  options: Partial<RemoteNodesOptions> & Pick<RemoteNodesOptions, "nodes">,
  limiter?: RateLimiter,
) {
  const nodes = new RemoteNodeSet(
    { mode: "remote-only", checkEveryMs: 0, ...options },
    () => encode,
  );
  const events: VlmEvent[] = [];
  const metrics: Metric[] = [];
  const route = nodes.connect({
    recorder: createRecorder((metric) => metrics.push(metric), Date.now),
    onEvent: (event) => events.push(event),
    imageLimits: resolveImageLimits(),
    limiter,
  });
  const shown: GenerateEvent[] = [];
  return {
    nodes,
    route,
    events,
    metrics,
    shown,
    ask(
      change: Partial<GenerateCall> = {},
      { mode = nodes.mode, onDevice = notOnDevice, ...asked }: AskOptions = {},
    ): Promise<VlmResult> {
      const { images, ...call } = makeCall({ detail: undefined, ...change });
      const question: AskedQuestion = {
        call,
        known: undefined,
        priority: "interactive",
        signal: undefined,
        timeoutMs: 10_000,
        isCostly: false,
        isStreamed: true,
        take: () => Promise.resolve({ images, waitedMs: 0, release: () => undefined }),
        onEvent: (event) => shown.push(event),
        ...asked,
      };
      return route.run(question, mode, onDevice);
    },
  };
}

/** An image as a page names it. */
export const namedImage: WireImage = { kind: "blob", blob: new Blob(["x"]), id: "image-1" };

const notOnDevice: RunOnDevice = () => Promise.reject(new Error("The device was asked"));
