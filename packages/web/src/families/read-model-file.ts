/** Reads one of a model's small files with its schema. */

import { VlmError } from "../protocol/errors.ts";
import { read } from "../schema/read.ts";

/**
 * @param modelName what the file should describe, such as "SmolVLM"
 * @throws {VlmError} `model-invalid` that names the file, the field, what is allowed there, and what was given
 */
export function readModelFile<const Schema extends Parameters<typeof read>[0]>(
  schema: Schema,
  given: unknown,
  file: string,
  modelName: string,
): ReturnType<typeof read<Schema>> {
  return read(schema, given, file, ({ sentence, options }) =>
    modelFileInvalid(modelName, file, sentence, options),
  );
}

export function modelFileInvalid(
  modelName: string,
  file: string,
  reason: string,
  options?: ErrorOptions,
): VlmError<"model-invalid"> {
  return new VlmError(
    "model-invalid",
    `The model's small files do not describe a ${modelName} that the kit can run (${file}: ${reason}). ` +
      "Use the files that belong to the model's graphs.",
    { file, reason },
    options,
  );
}
