import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import type { GraphFile } from "../graph-file.ts";
import { INT8_ENCODER } from "./int8-encoder.ts";

const PATH = fileURLToPath(
  new URL("../../../../tiny/model/onnx/vision_encoder.onnx", import.meta.url),
);
const ENCODER = existsSync(PATH) ? new Uint8Array(readFileSync(PATH)) : new Uint8Array(0);

const fileOf = (bytes: Uint8Array): GraphFile => ({
  ...sourceOfBytes(bytes),
  close: () => undefined,
});

function canOptimize(file: GraphFile, isAlways: boolean): boolean {
  return INT8_ENCODER.plan(file, isAlways) !== undefined;
}

it("tells which encoders can be written again", () => {
  expect(canOptimize(fileOf(ENCODER), true)).toBe(true);
  expect(canOptimize(fileOf(ENCODER), false)).toBe(false);
  expect(canOptimize(fileOf(ENCODER.slice(0, 1000)), true)).toBe(false);
  expect(canOptimize(fileOf(Uint8Array.of(1, 2, 3)), true)).toBe(false);
});

it("writes as many bytes as it plans", () => {
  const plan = INT8_ENCODER.plan(fileOf(ENCODER), true);
  let written = 0;
  for (const piece of plan?.write() ?? []) written += piece.byteLength;
  expect(written).toBe(plan?.bytes);
  expect(written).toBeGreaterThan(0);
});
