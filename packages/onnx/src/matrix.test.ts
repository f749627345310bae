import { expect, test } from "vitest";
import { OnnxError } from "./errors.ts";
import { toInt8Columns } from "./format/int8.ts";
import { asWeightMatrix } from "./matrix.ts";

test("a weight that is not a number is an error that names its tensor", () => {
  const matrix = { name: "q_proj", outputs: 2, inputs: 1, rows: () => Float32Array.of(1, NaN) };
  try {
    toInt8Columns(asWeightMatrix(matrix));
    expect.unreachable();
  } catch (error) {
    expect(OnnxError.is(error, "value-out-of-range") && error.details).toEqual({
      tensor: "q_proj",
    });
  }
});
