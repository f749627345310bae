/** Errors of the reader of ONNX graphs, as the kit's own. */

import { OnnxError } from "@fastvlm-kit/onnx/graph";
import { VlmError } from "../protocol/errors.ts";

/** @throws {VlmError} `model-invalid` where `make` finds that a file is not a whole model; and what else it throws */
export function withModelErrors<Result>(make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    throw OnnxError.is(error, "model-invalid") ? toModelError(error) : error;
  }
}

function toModelError(cause: OnnxError<"model-invalid">): VlmError<"model-invalid"> {
  return new VlmError("model-invalid", cause.message, cause.details, { cause });
}
