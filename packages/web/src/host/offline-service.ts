/** Downloads a model without loading it, for a later visit without a network. */

import type { PauseGate } from "../download/pause-gate.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { MetricAttributes } from "../protocol/metric.ts";
import { filesOfVariant, type Device, type ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { OfflineReport } from "../protocol/storage.ts";
import type { Engine } from "../engines/engine.ts";
import type {
  FilesReport,
  FilesRequest,
  NetworkUse,
  StorageRequest,
  WorkerMessage,
} from "../wire/worker-api.ts";
import { assertMayCompile } from "./assert-may-compile.ts";
import { chooseEngine } from "./choose-engine.ts";
import type { StoredModels } from "./stored-models.ts";
import { isCodeStored, storeCode, type EngineUse } from "./offline-code.ts";
import { openModelFiles } from "./open-model-files.ts";
import { resolveRequest } from "./resolve-request.ts";

export interface OfflineServiceOptions {
  /** In order of preference. */
  readonly engines: readonly Engine[];
  readonly gate: PauseGate;
  readonly openLibrary: (request: StorageRequest) => Promise<StoredModels>;
  readonly recorderFor: (attributes: MetricAttributes) => Recorder;
  readonly tell: (message: WorkerMessage) => void;
}

export interface OfflineService {
  prepare(request: FilesRequest): Promise<FilesReport>;
  check(request: FilesRequest): Promise<OfflineReport>;
}

export function createOfflineService(options: OfflineServiceOptions): OfflineService {
  const { engines, gate, openLibrary, recorderFor, tell } = options;

  const open = async (asked: FilesRequest, network: NetworkUse) => {
    const uses = usesOf(asked, engines);
    const provider = uses[0] && { "gen_ai.provider.name": uses[0].engine.name };
    const recorderOf = ({ id, revision }: ModelDescriptor): Recorder =>
      recorderFor({ ...provider, "gen_ai.request.model": id, "vlm.model.revision": revision });
    const library = await openLibrary(asked);
    const request = await resolveRequest(
      { ...asked, network },
      { library, paths: pathsOf(asked), gate, recorder: recorderOf(asked.model) },
    );
    const recorder = recorderOf(request.model);
    const files = openModelFiles({ request, library, files: library.files, recorder, tell, gate });
    return { library, files, uses, store: library.stores.models };
  };

  return {
    async prepare(request) {
      await assertMayCompile();
      const { library, files, uses, store } = await open(request, "any");
      const hasDownloaded = await files.ensure(pathsOf(request));
      for (const use of uses) {
        if (await isCodeStored({ ...use, store })) continue;
        await storeCode({
          ...use,
          store,
          onPhase: (phase, url) => {
            tell({ type: "start", phase, url });
          },
        });
      }
      await library.enforceLimits();
      return { shouldAskToPersist: hasDownloaded && (await library.shouldAskToPersist()) };
    },
    async check(request) {
      const { files, uses, store } = await open(request, "none");
      const { storedBytes, totalBytes } = await files.measure(pathsOf(request));
      const missing: ("files" | "code")[] = storedBytes < totalBytes ? ["files"] : [];
      for (const use of uses) {
        if (await isCodeStored({ ...use, store })) continue;
        missing.push("code");
        break;
      }
      const isReady = missing.length === 0;
      return { isReady, missing, devices: devicesOf(request), storedBytes, totalBytes };
    },
  };
}

function pathsOf({ model, variants }: FilesRequest): string[] {
  return [...new Set(variants.flatMap((variant) => filesOfVariant(model, variant)))];
}

/** The engines that the variants run on, with the devices that they do so on. */
function usesOf({ variants }: FilesRequest, engines: readonly Engine[]): EngineUse[] {
  const uses: EngineUse[] = [];
  for (const variant of variants) {
    const use = { engine: chooseEngine(engines, variant), device: variant.device };
    const isKnown = uses.some(
      ({ engine, device }) => engine === use.engine && device === use.device,
    );
    if (!isKnown) uses.push(use);
  }
  return uses;
}

function devicesOf({ variants }: FilesRequest): Device[] {
  return [...new Set(variants.map(({ device }) => device))];
}
