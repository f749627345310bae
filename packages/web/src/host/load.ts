/** Loads a model as a page asked: its files, the code that runs it, and the model itself. */

import type { PauseGate } from "../download/pause-gate.ts";
import type { Engine } from "../engines/engine.ts";
import type { LoadedModel } from "../inference/loaded-model.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { StartPhase } from "../protocol/errors.ts";
import type { MetricAttributes } from "../protocol/metric.ts";
import { filesOfVariant, type ModelDescriptor } from "../protocol/model-descriptor.ts";
import { toTrustedScriptUrl } from "../shared/trusted-script-url.ts";
import { createVerificationAhead, VERIFIER_NAME } from "../storage/verify-ahead.ts";
import type { LoadReport, LoadRequest, StorageRequest, WorkerMessage } from "../wire/worker-api.ts";
import { assertMayCompile } from "./assert-may-compile.ts";
import { chooseEngine } from "./choose-engine.ts";
import type { HostPlatform } from "./host-platform.ts";
import { loadCode } from "./load-code.ts";
import { openModelFiles } from "./open-model-files.ts";
import { resolveRequest, settleRequest } from "./resolve-request.ts";
import { sealNetwork } from "./seal-network.ts";
import type { StoredModels } from "./stored-models.ts";

/** The model that answers calls, and the recorder for their metrics. */
export interface Served {
  readonly model: LoadedModel;
  readonly recorder: Recorder;
}

export interface LoadParts {
  /** In order of preference. */
  readonly engines: readonly Engine[];
  /** Decodes files of images. Default: the browser's decoders. */
  readonly decoder: HostPlatform["decoder"] | undefined;
  readonly gate: PauseGate;
  readonly openLibrary: (request: StorageRequest) => Promise<StoredModels>;
  readonly recorderFor: (attributes: MetricAttributes) => Recorder;
  readonly tell: (message: WorkerMessage) => void;
  /** Called when the GPU is lost, at any time after the load. */
  readonly onDeviceLost: (reason: string) => void;
}

export async function load(
  asked: LoadRequest,
  { engines, decoder, gate, openLibrary, recorderFor, tell, onDeviceLost }: LoadParts,
): Promise<Served & { report: LoadReport }> {
  const startedAt = performance.now();
  await assertMayCompile(); // Before half a gigabyte arrives that nothing can run.
  const { variant } = asked;
  const paths = filesOfVariant(asked.model, variant);
  const engine = chooseEngine(engines, variant);
  const code = loadCode(() => Promise.all([import("../inference/loaded-model.ts"), engine.load()]));
  code.catch(() => undefined); // It may reject while the files are still arriving.
  const recorderOf = (model: ModelDescriptor): Recorder =>
    recorderFor({
      "gen_ai.provider.name": engine.name,
      "gen_ai.request.model": model.id,
      "vlm.model.revision": model.revision,
      ...(model.cohort !== undefined && { "vlm.cohort": model.cohort }),
      "vlm.device": variant.device,
      "vlm.variant": variant.id,
    });
  const opened = await openLibrary(asked);
  const request = await resolveRequest(asked, {
    library: opened,
    paths,
    gate,
    recorder: recorderOf(asked.model),
  });
  const recorder = recorderOf(request.model);
  void opened.results.warm();
  void opened.images.warm();
  opened.hold(request.model); // Held from here on, so that no other tab evicts the files while they are read.
  const ahead = createVerificationAhead({ files: opened.files, startHelper: startVerifier });
  const files = openModelFiles({
    request,
    library: opened,
    files: ahead.files,
    recorder,
    tell,
    gate,
  });
  const hasDownloaded = await files.ensure(paths);
  await settleRequest(asked, request, opened);
  const onPhase = (phase: StartPhase, url?: string): void => {
    tell({ type: "start", phase, url });
  };
  onPhase("script");
  const [{ loadModel }, engineCode] = await code;
  onPhase("model"); // Files are verified before the runtime starts.
  const model = await loadModel({
    request,
    files,
    verifyAhead: (stored) => ahead.begin(opened.options.databaseName, stored),
    results: opened.results,
    images: opened.images,
    recorder,
    engine: engineCode,
    onPhase,
    verdicts: opened.stores.models,
    decoder,
    onEvent: (event) => {
      tell({ type: "event", event });
    },
    onDeviceLost: (reason) => {
      recorder.record("vlm.device.lost", 1, { "vlm.reason": reason });
      onDeviceLost(reason);
    },
  }).finally(() => {
    ahead.end();
  });
  if (request.network === "none") sealNetwork();
  await opened.touch({ ...request.model, license: request.model.license.id });
  await opened.enforceLimits();
  recorder.recordMs("vlm.model.load.duration", performance.now() - startedAt);
  const report: LoadReport = {
    model: model.info,
    device: model.runtime.device,
    isPersisted: opened.stores.models.isPersistent,
    shouldAskToPersist: hasDownloaded && (await opened.shouldAskToPersist()),
  };
  return { model, recorder, report };
}

/** Starts this worker's own script again, with a name that makes it a verifier of files. */
function startVerifier(): Worker {
  return new Worker(toTrustedScriptUrl(self.location.href), {
    type: "module",
    name: VERIFIER_NAME,
  });
}
