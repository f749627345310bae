import { expect, it } from "vitest";
import { visionInputs } from "./vision-inputs.ts";

const image = { data: Float32Array.of(...Array.from({ length: 12 }, (_, at) => at)), size: 2 };

it("gives a graph of whole images its pixels", () => {
  const ports = { pixels: "pixel_values", features: "image_features", hasTileAxis: false };
  expect(visionInputs(ports, image)).toEqual([
    { name: "pixel_values", shape: [1, 3, 2, 2], type: "float", values: image.data },
  ]);
});

it("gives a graph of tiles an axis for them, and a mask of all pixels", () => {
  const ports = { pixels: "pixels", mask: "pixel_mask", features: "rows", hasTileAxis: true };
  expect(visionInputs(ports, image)).toEqual([
    { name: "pixels", shape: [1, 1, 3, 2, 2], type: "float", values: image.data },
    { name: "pixel_mask", shape: [1, 1, 2, 2], type: "bool", values: Uint8Array.of(1, 1, 1, 1) },
  ]);
});
