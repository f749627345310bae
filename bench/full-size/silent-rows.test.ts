import { expect, test } from "vitest";
import { modelSizes, randomWeights } from "../../packages/onnx/src/index.ts";
import { silenceRows } from "./silent-rows.ts";

const TABLE = "model.embed_tokens.weight";
const { tiny } = modelSizes;
const plain = randomWeights(tiny, 1);
const silent = silenceRows(plain, { table: TABLE, firstId: 500 });
const { hiddenSize } = tiny.decoder;

test("leaves the rows before the first silent one as they are", () => {
  expect(silent.readRows(TABLE, 0, 500)).toEqual(plain.readRows(TABLE, 0, 500));
});

test("makes the others small, however they are read", () => {
  const expected = plain.readRows(TABLE, 500, 12).map((value) => value * 1e-3);
  expect(silent.readRows(TABLE, 500, 12)).toEqual(expected);
  expect(silent.readRows(TABLE, 496, 16).slice(4 * hiddenSize)).toEqual(expected);
  expect(silent.read(TABLE).slice(500 * hiddenSize)).toEqual(expected);
});

test("touches no other tensor", () => {
  const name = "model.layers.0.mlp.up_proj.weight";
  expect(silent.read(name)).toEqual(plain.read(name));
});
