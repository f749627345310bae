import { expect, test } from "vitest";
import * as surface from "./index.ts";

test("exports exactly this", () => {
  expect(Object.keys(surface).sort()).toEqual([
    "GraphBuilder",
    "OnnxError",
    "configJson",
    "decoder",
    "dtypes",
    "embedTokens",
    "exportModel",
    "graphKinds",
    "modelSizes",
    "parseModelConfig",
    "precisionOf",
    "randomWeights",
    "readModelConfig",
    "readSafetensors",
    "siglipEncoder",
    "visionEncoder",
    "visionShapeFrom",
    "writeOnnxFile",
  ]);
});
