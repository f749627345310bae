/** One file of a model by its path. */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor, ModelFile } from "../protocol/model-descriptor.ts";
import { modelKey, type FileKey } from "../storage/file-keys.ts";

export function fileKeyOf(model: ModelDescriptor, path: string): FileKey {
  return { model: modelKey(model), path };
}

/** @throws {VlmError} `model-invalid` */
export function fileOf(model: ModelDescriptor, path: string): ModelFile {
  const file = model.files[path];
  if (file) return file;
  throw new VlmError(
    "model-invalid",
    `The model's descriptor has no file ${path}. Add it to \`files\`.`,
    { file: path, reason: "not in the descriptor" },
  );
}
