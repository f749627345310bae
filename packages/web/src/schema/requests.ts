/** What the page may ask of the worker: the arguments of each method of the contract, in their order. */

import { union, type GenericSchema } from "valibot";
import { cleared } from "./client-options.ts";
import { modelDescriptor, variant } from "./descriptor.ts";
import { detail } from "./detail.ts";
import { fields, listOf, maybe } from "./fields.ts";
import { isObject } from "./is-object.ts";
import { imageLimits } from "./image-limits.ts";
import { flag, integerFrom, listThat, numberFrom, oneOf, that, textOf } from "./values.ts";

const number = numberFrom(-Number.MAX_VALUE, Number.MAX_VALUE);
const amount = numberFrom(0, Number.MAX_SAFE_INTEGER);
const text = that<string>((value) => typeof value === "string", "a text");
const id = integerFrom(0, Number.MAX_SAFE_INTEGER);

/** Objects of the platform, by the name that no own field can change after a message was cloned. */
const platformObject = (...names: readonly string[]): GenericSchema =>
  that((value) => names.some((name) => kindOf(value) === `[object ${name}]`), names.join(" or "));

/** Nothing else that can be cloned into a message has methods. */
const port = that<object>(
  (value) =>
    typeof (value as { postMessage?: unknown } | null | undefined)?.postMessage === "function",
  "a port",
);

const storage = fields({
  databaseName: textOf("a name"),
  isMemoryOnly: flag,
  maxResultBytes: amount,
  maxResultAgeMs: amount,
  maxFeatureBytes: amount,
  maxModelBytes: amount,
  maxModelAgeMs: amount,
});

const storageRequest = fields({ storage });

const download = fields({
  parallel: integerFrom(1, 16),
  retries: integerFrom(0, 100),
  retryDelayMs: amount,
  stallTimeoutMs: amount,
  takeOverAfterMs: amount,
});

const filesRequest = fields({
  storage,
  model: modelDescriptor,
  variants: listOf(variant, "sets of files"),
  download,
});

const loadRequest = fields({
  storage,
  model: modelDescriptor,
  variant,
  download,
  network: oneOf(["any", "none"]),
  asksAnew: flag,
  imageLimits,
  optimize: oneOf(["auto", "always", "none"]),
  wasmThreads: integerFrom(0, 64),
});

const view = {
  fit: maybe(oneOf(["pad", "crop", "stretch"])),
  detail: maybe(detail),
  targetLatencyMs: maybe(number),
};

const imageId = maybe(text);
const size = fields({ width: number, height: number });

const wireImage = union(
  [
    fields({ kind: oneOf(["blob"]), id: imageId, blob: platformObject("Blob", "File") }),
    fields({ kind: oneOf(["data"]), id: imageId, url: text }),
    fields({
      kind: oneOf(["bitmap"]),
      id: imageId,
      bitmap: platformObject("ImageBitmap"),
      natural: size,
    }),
    fields({ kind: oneOf(["pixels"]), id: imageId, pixels: platformObject("ImageData") }),
  ],
  "an image as the page sends it",
);

const openCall = fields({ ...view, id, image: wireImage });

const generateCall = fields({
  ...view,
  id,
  images: listOf(wireImage, "images"),
  prompt: text,
  system: maybe(text),
  history: listOf(
    fields({ role: oneOf(["user", "assistant"]), content: text }),
    "turns of a conversation",
  ),
  generation: fields({
    maxNewTokens: id,
    temperature: number,
    topP: number,
    topK: id,
    repetitionPenalty: number,
    seed: maybe(id),
    stop: listThat<string>((one) => typeof one === "string", "texts"),
    maxWords: maybe(id),
    format: maybe(
      union(
        [
          fields({ regex: text, ignoreCase: flag }),
          fields({ options: listThat<string>((one) => typeof one === "string", "texts") }),
          fields({ schema: that<Record<string, unknown>>(isObject, "an object") }),
        ],
        "a format",
      ),
    ),
  }),
  choices: maybe(
    listOf(
      listThat<string>((one) => typeof one === "string" && one !== "", "spellings"),
      "options",
    ),
  ),
  endOnSentence: flag,
  stripLeadIn: flag,
  useCache: flag,
  reuses: flag,
});

/** The schemas of the arguments of each method. There is no other method. */
export const WORKER_REQUESTS = {
  connect: [textOf("the name of a lock"), port],
  addPage: [port],
  leave: [],
  load: [loadRequest],
  open: [openCall, port, amount],
  generate: [generateCall, port, amount],
  cancel: [id],
  checkDevice: [],
  dropCaches: [],
  checkSetup: [],
  pauseDownloads: [flag],
  prepareOffline: [filesRequest],
  checkOffline: [filesRequest],
  listModels: [storageRequest],
  deleteModel: [storageRequest, textOf("a model's id"), maybe(textOf("a revision"))],
  storageUsage: [storageRequest],
  clearCache: [storageRequest, cleared],
} as const satisfies Readonly<Record<string, readonly GenericSchema[]>>;

function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}
