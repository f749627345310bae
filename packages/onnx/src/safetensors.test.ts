import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeSafetensors, type RawTensor } from "../test/safetensors-file.ts";
import { withFolder } from "../test/sessions.ts";
import { OnnxError, type OnnxErrorCode } from "./errors.ts";
import { toFloat16 } from "./format/float16.ts";
import { bytesOf } from "./layers.ts";
import { readSafetensors } from "./safetensors.ts";

const values = Float32Array.of(1, -2, 0.5, 3, 0, -0.25);
const f32: RawTensor = { dtype: "F32", shape: [3, 2], bytes: bytesOf(values) };
const f16: RawTensor = { dtype: "F16", shape: [3, 2], bytes: bytesOf(toFloat16(values)) };
const upperHalves = Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16);
const bf16: RawTensor = { dtype: "BF16", shape: [3, 2], bytes: bytesOf(upperHalves) };

function codeOf(action: () => unknown): OnnxErrorCode | undefined {
  try {
    action();
  } catch (error) {
    if (OnnxError.is(error)) return error.code;
    throw error;
  }
  return undefined;
}

const withFile = (
  tensors: Record<string, RawTensor>,
  use: (path: string) => void,
  change?: (header: Record<string, unknown>) => unknown,
) =>
  withFolder((folder) => {
    const path = join(folder, "model.safetensors");
    writeSafetensors(path, tensors, change);
    use(path);
  });

test.each([f32, f16, bf16])("reads $dtype as float32", (tensor) =>
  withFile({ before: f32, tensor }, (path) => {
    const weights = readSafetensors(path);
    expect(weights.names).toEqual(["before", "tensor"]);
    expect(weights.shape("tensor")).toEqual([3, 2]);
    expect([...weights.read("tensor")]).toEqual([...values]);
  }),
);

test("reads some rows without the others", () =>
  withFile({ f16 }, (path) => {
    expect([...readSafetensors(path).readRows("f16", 1, 2)]).toEqual([0.5, 3, 0, -0.25]);
    expect(() => readSafetensors(path).readRows("f16", 2, 2)).toThrow(RangeError);
  }));

test("reads a sharded checkpoint from its index or its folder", () =>
  withFolder((folder) => {
    writeSafetensors(join(folder, "model-00001-of-00002.safetensors"), { a: f32 });
    writeSafetensors(join(folder, "model-00002-of-00002.safetensors"), { b: bf16 });
    const index = join(folder, "model.safetensors.index.json");
    const weightMap = {
      a: "model-00001-of-00002.safetensors",
      b: "model-00002-of-00002.safetensors",
    };
    writeFileSync(index, JSON.stringify({ weight_map: weightMap }));
    for (const path of [index, folder]) {
      const weights = readSafetensors(path);
      expect([...weights.read("a"), ...weights.read("b")]).toEqual([...values, ...values]);
    }
    writeFileSync(index, JSON.stringify({ weight_map: { a: "../elsewhere.safetensors" } }));
    expect(codeOf(() => readSafetensors(index))).toBe("file-invalid");
  }));

describe("says what is wrong with", () => {
  test("a missing tensor, naming some that are there", () =>
    withFile({ a: f32 }, (path) => {
      expect(codeOf(() => readSafetensors(path).read("b"))).toBe("tensor-missing");
      expect(() => readSafetensors(path).read("b")).toThrow(/no tensor "b".* a/);
    }));

  test("a dtype that is no float, when that tensor is read", () =>
    withFile({ a: f32, ids: { dtype: "I64", shape: [1], bytes: new Uint8Array(8) } }, (path) => {
      expect([...readSafetensors(path).read("a")]).toEqual([...values]);
      expect(codeOf(() => readSafetensors(path).read("ids"))).toBe("dtype-unsupported");
    }));

  test("a file that is not there", () => {
    expect(codeOf(() => readSafetensors("nowhere.safetensors"))).toBe("file-invalid");
  });

  test("a file that was cut short", () =>
    withFile({ a: f32 }, (path) => {
      truncateSync(path, 90);
      expect(codeOf(() => readSafetensors(path))).toBe("file-invalid");
      truncateSync(path, 5);
      expect(codeOf(() => readSafetensors(path))).toBe("file-invalid");
    }));

  test.each([
    ["offsets beyond the file", { dtype: "F32", shape: [3, 2], data_offsets: [0, 2 ** 40] }],
    ["offsets backwards", { dtype: "F32", shape: [0], data_offsets: [8, 4] }],
    ["negative offsets", { dtype: "F32", shape: [1], data_offsets: [-4, 0] }],
    ["a shape that needs more bytes", { dtype: "F32", shape: [3, 3], data_offsets: [0, 24] }],
    ["a fractional shape", { dtype: "F32", shape: [1.5, 4], data_offsets: [0, 24] }],
    ["no shape", { dtype: "F32", data_offsets: [0, 24] }],
    ["nothing", null],
  ])("a header with %s", (_, entry) =>
    withFile(
      { a: f32 },
      (path) => {
        expect(codeOf(() => readSafetensors(path))).toBe("file-invalid");
      },
      () => ({ a: entry }),
    ),
  );

  test("any other bytes", () =>
    withFolder((folder) => {
      const path = join(folder, "model.safetensors");
      const check = (bytes: Uint8Array) => {
        writeFileSync(path, bytes);
        expect(codeOf(() => readSafetensors(path))).toBe("file-invalid");
      };
      // Random bytes announce absurd headers; with a plausible length they are not JSON.
      fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), check));
      const plausible = (bytes: Uint8Array) =>
        Uint8Array.of(bytes.length, 0, 0, 0, 0, 0, 0, 0, 0xff, ...bytes);
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 2, maxLength: 64 }), (bytes) => {
          check(plausible(bytes));
        }),
      );
    }));
});
