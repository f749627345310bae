import * as ort from "onnxruntime-web/wasm";
import { expect, it } from "vitest";
import { createCopyPositions } from "./copy-positions.ts";

const copy = createCopyPositions(ort, undefined);

it.each([0, 1, 2, 3])("copies the first %d positions of every head", (length) => {
  const values = Float32Array.from({ length: 2 * 3 * 4 }, (_, index) => index);
  const tensor = new ort.Tensor("float32", values, [1, 2, 3, 4]);
  const copied = copy(tensor, length);
  expect(copied.dims).toEqual([1, 2, length, 4]);
  expect(copied.data).toEqual(
    Float32Array.from([...values.slice(0, length * 4), ...values.slice(12, 12 + length * 4)]),
  );
  values.fill(-1);
  expect([...(copied.data as Float32Array)]).not.toContain(-1);
});

it("keeps half floats as they are", () => {
  const tensor = new ort.Tensor("float16", Uint16Array.of(1, 2, 3, 4), [1, 2, 2, 1]);
  const copied = copy(tensor, 1);
  expect(copied.type).toBe("float16");
  expect([...(copied.data as unknown as Uint16Array)]).toEqual([1, 3]);
});
