import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  DATA_TYPE,
  outlineModel,
  planInt8Vision,
  sourceOfBytes,
  toSkeleton,
  type ByteSource,
} from "@fastvlm-kit/onnx/graph";
import { readPixels } from "../../onnx/test/image.ts";
import {
  open,
  operatorsOf,
  plan,
  PRODUCT,
  relativeDistance,
  run,
  write,
} from "../../onnx/test/int8-models.ts";

const fromRoot = (path: string): string =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const TINY = fromRoot("packages/tiny/model/onnx/vision_encoder.onnx");
const SCENES = fromRoot("e2e/fixtures/scenes");

/** Of the embedded encoder, which is quick without. */
const SMALL = { minModelWeights: 1 };

describe.skipIf(!existsSync(TINY))("the embedded encoder in int8", () => {
  const file = existsSync(TINY) ? new Uint8Array(readFileSync(TINY)) : new Uint8Array(0);

  it("keeps its features, within 2.5 % of their length, on real pictures", async () => {
    const [plain, int8] = [await open(file), await open(write(plan(file, SMALL)!))];
    const scenes = readdirSync(SCENES).filter((name) => name.endsWith(".png"));
    expect(scenes.length).toBeGreaterThan(6);
    for (const scene of scenes.slice(0, 6)) {
      const { pixels, size } = readPixels(`${SCENES}/${scene}`);
      const expected = await run(plain, "pixel_values", pixels, [1, 3, ...size]);
      const features = await run(int8, "pixel_values", pixels, [1, 3, ...size]);
      const distance = relativeDistance(features, expected);
      expect(distance).toBeLessThan(0.025);
      expect(distance).toBeGreaterThan(0); // It is another encoder.
    }
  });

  it("is half the size it was, with all its large layers as products of int8", () => {
    const { layers, bytes } = plan(file, SMALL)!;
    expect(layers).toBeGreaterThan(25);
    const written = write(plan(file, SMALL)!);
    expect(written.byteLength).toBe(bytes);
    expect(bytes).toBeLessThan(file.byteLength * 0.6);
    const outline = outlineModel(sourceOfBytes(written), "written")!;
    const matrices = outline.tensors.filter(({ dataType }) => dataType === DATA_TYPE.int8);
    expect(matrices).toHaveLength(layers);
    expect(operatorsOf(written).filter((one) => one === PRODUCT)).toHaveLength(layers);
    for (const { raw, shape } of matrices) {
      expect(raw).toBeDefined();
      expect(shape).toHaveLength(2);
    }
  });

  it("is not planned where nobody asks for it: it is quick as it is", () => {
    expect(plan(file)).toBeUndefined();
  });

  it("can be mounted like any other file", () => {
    const written = write(plan(file, SMALL)!);
    const skeleton = toSkeleton(sourceOfBytes(written), { file: "written", location: "weights" })!;
    expect(skeleton.bytes.byteLength).toBeLessThan(written.byteLength / 4);
  });

  it("is written a piece at a time, and read a piece at a time", () => {
    let mostRead = 0;
    const source: ByteSource = {
      size: file.byteLength,
      read: (start, end) => {
        mostRead = Math.max(mostRead, end - start);
        return file.subarray(start, end);
      },
    };
    const largest = Math.max(...outlineModel(source, "tiny")!.tensors.map(({ raw }) => size(raw)));
    expect(largest).toBeLessThan(file.byteLength / 4);
    const model = outlineModel(source, "tiny")!;
    mostRead = 0;
    const made = planInt8Vision(model, SMALL)!;
    for (const chunk of made.write()) expect(chunk.byteLength).toBeLessThanOrEqual(1024 * 1024);
    expect(mostRead).toBeLessThanOrEqual(Math.max(largest, 1024 * 1024));
  });

  it("can be written twice, and a file that was written is not written again", () => {
    const made = plan(file, SMALL)!;
    const written = write(made);
    expect(Buffer.compare(write(made), written)).toBe(0);
    expect(plan(written, { minLayerWeights: 1, minModelWeights: 1 })).toBeUndefined();
  });
});

function size(span: { start: number; end: number } | undefined): number {
  return span ? span.end - span.start : 0;
}
