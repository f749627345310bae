/**
 * Checks a model's descriptor before anything of it is fetched or stored. A check that cannot be made
 * is an error: a hash is right or absent, never empty.
 */

import { VlmError } from "../protocol/errors.ts";
import { folderOf, isByteCount, isCacheName, isSafePath, isSha256 } from "./manifest-fields.ts";
import { faultOfSource } from "./model-source.ts";
import {
  COMMON_FILES,
  type GraphName,
  type ModelDescriptor,
  type ModelFile,
  type ModelVariant,
} from "../protocol/model-descriptor.ts";

const GRAPHS: readonly GraphName[] = ["vision", "embed", "decoder"];

/**
 * Returns if the descriptor can be relied on: its names fit cache keys, its paths are safe, its
 * sizes and hashes are well-formed and agree, and every file that a variant needs is there.
 *
 * @throws {VlmError} `model-invalid`, whose `file` is a file's path or the field that is wrong
 */
export function assertManifest(model: ModelDescriptor): void {
  if (!isCacheName(model.id)) throw invalid("id", NAME_REASON);
  if (!isCacheName(model.revision)) throw invalid("revision", NAME_REASON);
  const fault = model.source && faultOfSource(model.source);
  if (fault !== undefined) throw invalid("source", fault);
  for (const [path, file] of Object.entries(model.files)) {
    if (!isSafePath(path)) throw invalid(path, "unsafe path");
    assertFile(path, file);
  }
  for (const path of COMMON_FILES) assertListed(model, path);
  for (const variant of model.variants) assertVariant(model, variant);
}

const NAME_REASON = "empty, or has whitespace or control characters";

function assertFile(path: string, file: ModelFile): void {
  const { url, bytes, isApproximate, sha256, shards } = file;
  if (typeof url !== "string" || url === "") throw invalid(path, "no url");
  if (!isByteCount(bytes)) throw invalid(path, "bytes is not a positive integer");
  if (sha256 !== undefined && !isSha256(sha256)) throw invalid(path, "malformed sha256");
  if (shards === undefined) return;
  if (isApproximate === true) throw invalid(path, "shards of a file of unknown size");
  if (!isByteCount(shards.bytes)) throw invalid(path, "shards.bytes is not a positive integer");
  if (!Array.isArray(shards.sha256) || !shards.sha256.every(isSha256)) {
    throw invalid(path, "malformed sha256 of a shard");
  }
  const count = Math.ceil(bytes / shards.bytes);
  if (shards.sha256.length !== count) {
    throw invalid(path, `${shards.sha256.length} shards instead of ${count}`);
  }
  if (count === 1 && sha256 !== undefined && shards.sha256[0] !== sha256) {
    throw invalid(path, "its sha256 and that of its only shard differ");
  }
}

function assertVariant(model: ModelDescriptor, variant: ModelVariant): void {
  const { id, graphs, externalData = {} } = variant;
  if (!isCacheName(id)) throw invalid("variants", NAME_REASON);
  // A descriptor from JSON may lack what its type promises.
  const given: Partial<ModelVariant["graphs"]> = graphs;
  for (const graph of GRAPHS) {
    const path = given[graph];
    if (path === undefined) throw invalid("variants", `no ${graph} graph in ${id}`);
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

function invalid(file: string, reason: string): VlmError<"model-invalid"> {
  return new VlmError(
    "model-invalid",
    `The model's descriptor is wrong at ${JSON.stringify(file)}: ${reason}. Correct it, or make it anew from the model's files.`,
    { file, reason },
  );
}
