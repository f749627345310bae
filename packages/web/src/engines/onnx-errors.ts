/** Turns errors of the reader of ONNX graphs into errors of the kit. */

import { OnnxError } from "@fastvlm-kit/onnx/graph";
import { VlmError } from "../protocol/errors.ts";

/** @throws {VlmError} `model-invalid` if `make` finds that a file is not a complete model; every other error of `make` */
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
