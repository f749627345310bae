/** What an app may say when it loads, replaces or prepares a model. */

import { entriesOf, fields, maybe } from "./fields.ts";
import { imageLimits } from "./image-limits.ts";
import { cacheOptions, downloadOptions } from "./storage-options.ts";
import {
  callback,
  downloadControl,
  flag,
  integerFrom,
  numberFrom,
  oneOf,
  remoteNodesOf,
  signal,
  textOf,
  workerSource,
} from "./values.ts";
import { any, check, pipe } from "valibot";

const device = maybe(oneOf(["auto", "webgpu", "wasm"]));

/** Browsers count the time of a timer in 31 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A model's descriptor has a schema and an error of its own. */
const model = any();

/** Functions by MIME type. */
const decoders = entriesOf(
  (type) => /^image\/[a-z0-9.+-]+$/.test(type),
  "left out (its name is no MIME type of an image in lower case, such as `image/heic`)",
  callback,
);

/** Browsers start no more workers than this in one page without trouble, and no device gains from them. */
const MAX_WORKERS = 16;

const milliseconds = maybe(numberFrom(0, MAX_TIMER_MS));

const bytes = maybe(numberFrom(Number.MIN_VALUE, Number.MAX_SAFE_INTEGER));

/** How a model is run and what it may take. A configuration has the same fields. */
export const inferenceEntries = {
  device,
  optimize: maybe(oneOf(["auto", "always", "none"])),
  wasmThreads: maybe(integerFrom(0, 64)),
  maxQueue: maybe(integerFrom(0, Number.MAX_SAFE_INTEGER)),
  rateLimit: maybe(
    fields({
      calls: integerFrom(1, 10_000),
      perMs: numberFrom(Number.MIN_VALUE, MAX_TIMER_MS),
      scope: maybe(oneOf(["client", "origin"])),
    }),
  ),
  share: maybe(oneOf(["tabs"])),
  unloadAfterMs: milliseconds,
  maxMemoryBytes: bytes,
  pool: maybe(
    fields({ min: maybe(integerFrom(0, MAX_WORKERS)), max: maybe(integerFrom(1, MAX_WORKERS)) }),
  ),
  scaling: maybe(
    fields({
      targetWaitMs: milliseconds,
      targetLatencyMs: milliseconds,
      maxMemoryBytes: bytes,
      cooldownUpMs: milliseconds,
      cooldownDownMs: milliseconds,
      idleMs: milliseconds,
      prediction: maybe(oneOf(["holt", "none"])),
    }),
  ),
};

export const network = maybe(oneOf(["any", "none"]));

export const debug = maybe(flag);

const openVlmOptions = fields({
  worker: workerSource,
  model,
  ...inferenceEntries,
  signal: maybe(signal),
  onProgress: maybe(callback),
  onMetric: maybe(callback),
  onEvent: maybe(callback),
  imageLimits: maybe(imageLimits),
  decoders: maybe(decoders),
  cache: maybe(cacheOptions),
  download: maybe(downloadOptions),
  control: maybe(downloadControl),
  network,
  remote: maybe(remoteNodesOf),
  debug,
});

/** Images leave the device for remote nodes: that has to be said twice. */
export const vlmOptions = pipe(
  openVlmOptions,
  check(
    ({ remote, network }) => remote === undefined || network !== undefined,
    'options with `network: "any"` beside `remote`, since images leave the device for remote nodes',
  ),
);

export const updateOptions = fields({
  signal: maybe(signal),
  control: maybe(downloadControl),
  onProgress: maybe(callback),
});

export const healthOptions = fields({
  deep: maybe(flag),
  timeoutMs: maybe(numberFrom(1, MAX_TIMER_MS)),
});

export const supportOptions = fields({ model, device, worker: maybe(workerSource) });

export const libraryOptions = fields({
  worker: workerSource,
  cache: maybe(cacheOptions),
  download: maybe(downloadOptions),
  onMetric: maybe(callback),
  onEvent: maybe(callback),
  debug,
});

const offlineDevice = maybe(oneOf(["auto", "all", "webgpu", "wasm"]));

export const prepareOptions = fields({
  device: offlineDevice,
  signal: maybe(signal),
  control: maybe(downloadControl),
  onProgress: maybe(callback),
});

export const offlineQuestion = fields({ device: offlineDevice });

/** Which model is deleted. Without a revision all of them are, so that it must not be a slip. */
export const modelName = fields({
  id: textOf("a model's id"),
  revision: maybe(textOf("a revision")),
});

/** What `clearCache` forgets. A word that is not known must not delete the models. */
export const cleared = oneOf(["results", "models", "all"]);
