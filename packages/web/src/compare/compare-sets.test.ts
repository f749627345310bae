import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { outlineModel, sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import type { ImagePixels } from "../image/tensor/resample.ts";
import { FASTVLM_SIDES } from "../families/fastvlm/sides.ts";
import { read } from "../schema/read.ts";
import { selfCheck } from "../schema/self-check.ts";
import { compareSets, type Comparison } from "../compare.ts";
import { findSets, type FileSet } from "./file-sets.ts";
import { formatComparison } from "./format-comparison.ts";
import { readModelFolder } from "./model-folder.ts";

const fromRoot = (path: string): string =>
  fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const TINY = fromRoot("packages/tiny/model");
const SCENES = ["scene-02.png"];

const graphsOf = (name: string): FileSet["graphs"] =>
  findSets(
    ["", "_int8", "_q4"].flatMap((ending) =>
      ["vision_encoder", "embed_tokens", "decoder_model_merged"].map(
        (stem) => `onnx/${stem}${ending}.onnx`,
      ),
    ),
  ).find((one) => one.name === name)!.graphs;

/** A file of the embedded model; what is named `…#blank` has zeros for its largest tensors. */
function open(path: string) {
  const [name = "", isBlank] = path.split("#");
  const bytes = new Uint8Array(readFileSync(`${TINY}/${name}`));
  if (isBlank) {
    const spans = outlineModel(sourceOfBytes(bytes), name)!.tensors.flatMap(({ raw }) => raw ?? []);
    for (const { start, end } of spans.filter((span) => span.end - span.start > 2 ** 16))
      bytes.fill(0, start, end);
  }
  return Promise.resolve({ ...sourceOfBytes(bytes), close: () => undefined });
}

async function readScene(name: string): Promise<ImagePixels> {
  const raw = sharp(fromRoot(`e2e/fixtures/scenes/${name}`))
    .ensureAlpha()
    .raw();
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  return { data: new Uint8ClampedArray(data), width: info.width, height: info.height };
}

describe.skipIf(!existsSync(`${TINY}/onnx/vision_encoder.onnx`))("compareSets", () => {
  let comparison: Comparison;

  beforeAll(async () => {
    Object.assign(globalThis, { self: globalThis, crossOriginIsolated: false });
    const folder = await readModelFolder((path) => {
      const file = `${TINY}/${path}`;
      return Promise.resolve(existsSync(file) ? readFileSync(file, "utf8") : undefined);
    });
    const int8 = graphsOf("int8");
    comparison = await compareSets({
      ...folder,
      open,
      sets: [
        { name: "fp32", graphs: graphsOf("fp32") },
        { name: "int8", graphs: { ...int8, vision: "onnx/vision_encoder_int8.onnx" } },
        { name: "blank", graphs: { ...int8, vision: `${int8.vision}#blank` } },
      ],
      images: SCENES.map((name) => ({ name, read: () => readScene(name) })),
      imageSize: 256,
      prompt: "Describe this image.",
      maxNewTokens: 12,
      threads: 1,
      onProgress: () => undefined,
    });
  }, 120_000);

  it("finds nothing between the reference and itself, little in int8, and what is broken", () => {
    const [reference, int8, blank] = comparison.sets;
    expect(reference).toMatchObject({ sameFirst: 1, sameAnswer: 1, sameTokens: 1, loops: 0 });
    expect(reference!.features.least).toBeCloseTo(1, 9);
    expect(int8!.features.least).toBeGreaterThan(0.98);
    expect(int8!.features.least).toBeLessThan(1);
    expect(int8!.sameFirst).toBe(1);
    expect(blank!.features.mean).toBeLessThan(0.9);
  });

  it("makes a check that a descriptor takes, that int8 passes and that what is broken does not", () => {
    expect(read(selfCheck(FASTVLM_SIDES), comparison.selfCheck, "selfCheck")).toEqual(
      comparison.selfCheck,
    );
    expect(comparison.selfCheck).toMatchObject({
      imageSize: 256,
      expectedTokenIds: [494, 741, 293],
    });
    const fails = comparison.sets.map(({ failsCheck }) => failsCheck);
    expect(fails).toEqual([undefined, undefined, expect.stringMatching(/^features 0\./)]);
  });

  it("is printed with the answers side by side", () => {
    const text = formatComparison(comparison);
    expect(text).toMatch(/^\| set +\| features: least \/ mean \|/);
    expect(text).toContain("\n\nscene-02.png\n  fp32   A helicopter");
    expect(text).toContain("  int8   A helicopter");
  });
});

describe("findSets", () => {
  it("knows the names of the public repository, the most exact first", () => {
    const endings = ["", "_fp16", "_q4", "_q4f16", "_int8", "_quantized", "_uint8"];
    const stems = ["vision_encoder", "embed_tokens", "decoder_model_merged"];
    const paths = endings.flatMap((ending) => stems.map((stem) => `onnx/${stem}${ending}.onnx`));
    const sets = findSets(paths);
    expect(sets.map(({ name }) => name)).toEqual([
      "fp32",
      "fp16",
      "q4f16",
      "q4",
      "int8",
      "q8",
      "uint8",
    ]);
    // What the kit itself runs on a CPU.
    expect(sets[4]!.graphs).toEqual({
      vision: "onnx/vision_encoder.onnx",
      embed: "onnx/embed_tokens_int8.onnx",
      decoder: "onnx/decoder_model_merged_int8.onnx",
    });
    expect(findSets(["onnx/vision_encoder.onnx"])).toEqual([]);
  });
});
