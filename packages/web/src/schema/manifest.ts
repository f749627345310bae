/**
 * Checks a model's descriptor before anything of it is fetched or stored. A check that cannot be made
 * is an error: a hash is right or absent, never empty.
 */

import { VlmError } from "../protocol/errors.ts";
import {
  COMMON_FILES,
  type GraphName,
  type ModelDescriptor,
  type ModelFile,
  type ModelVariant,
} from "../protocol/model-descriptor.ts";
import { modelDescriptor, UNSAFE_PATH } from "./descriptor.ts";
import { folderOf } from "./manifest-fields.ts";
import { faultOfSource } from "./model-source.ts";
import { read, type Fault } from "./read.ts";

const GRAPHS: readonly GraphName[] = ["vision", "embed", "decoder"];

/**
 * The descriptor, copied, if it can be relied on: its names fit cache keys, its paths are safe, its
 * family is known, its sizes and hashes are well-formed and agree, and every file that a variant needs
 * is there.
 *
 * @throws {VlmError} `model-invalid`, whose `file` is a file's path or the field that is wrong
 * @throws {TypeError} when it is no descriptor at all
 */
export function readManifest(given: unknown): ModelDescriptor {
  const model: ModelDescriptor = read(modelDescriptor, given, "model", toError);
  const fault = model.source && faultOfSource(model.source);
  if (fault !== undefined) throw invalid("source", fault);
  for (const [path, file] of Object.entries(model.files)) assertFile(path, file);
  for (const path of COMMON_FILES) assertListed(model, path);
  for (const variant of model.variants) assertVariant(model, variant);
  return model;
}

function toError({ path: [field, path], sentence, allowed, options }: Fault): Error {
  if (field === undefined) return new TypeError(sentence, options);
  const file = field === "files" && path !== undefined ? path : field;
  return invalid(file, allowed === UNSAFE_PATH ? "unsafe path" : sentence, options);
}

function assertFile(path: string, { bytes, isApproximate, sha256, shards }: ModelFile): void {
  if (shards === undefined) return;
  if (isApproximate === true) throw invalid(path, "shards of a file of unknown size");
  const count = Math.ceil(bytes / shards.bytes);
  if (shards.sha256.length !== count) {
    throw invalid(path, `${shards.sha256.length} shards instead of ${count}`);
  }
  if (count === 1 && sha256 !== undefined && shards.sha256[0] !== sha256) {
    throw invalid(path, "its sha256 and that of its only shard differ");
  }
}

function assertVariant(model: ModelDescriptor, variant: ModelVariant): void {
  const { graphs, externalData = {} } = variant;
  for (const graph of GRAPHS) {
    const path = graphs[graph];
    assertListed(model, path);
    for (const weights of externalData[graph] ?? []) {
      assertListed(model, weights);
      // A graph names its weights relative to its own folder.
      if (!weights.startsWith(folderOf(path)))
        throw invalid(weights, `not in the folder of the ${graph} graph`);
    }
  }
}

/** `in` and plain look-ups would find what every object inherits. */
function assertListed({ files }: ModelDescriptor, path: string): void {
  if (!Object.hasOwn(files, path)) throw invalid(path, "not in the descriptor");
}

function invalid(file: string, reason: string, options?: ErrorOptions): VlmError<"model-invalid"> {
  return new VlmError(
    "model-invalid",
    `The model's descriptor is wrong at ${JSON.stringify(file)}: ${reason}. Correct it, or make it anew from the model's files.`,
    { file, reason },
    options,
  );
}
