import { expect, it } from "vitest";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import { inspectModel } from "./inspect.ts";
import { VlmError } from "./protocol/errors.ts";

it("says that a file is no model with an error of the kit", () => {
  try {
    inspectModel(sourceOfBytes(new Uint8Array(64).fill(0xff)), "picture.onnx");
    expect.unreachable();
  } catch (error) {
    expect(VlmError.is(error, "model-invalid") && error.details.file).toBe("picture.onnx");
    expect((error as Error).message).toBe(
      "The picture.onnx file is not a whole ONNX model. Fetch the model's files again.",
    );
  }
});
