import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tinyModel } from "@fastvlm-kit/tiny";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { readManifest } from "./manifest.ts";
import {
  COMMON_FILES,
  type ModelDescriptor,
  type ModelFile,
} from "../protocol/model-descriptor.ts";
import { VlmError } from "../protocol/errors.ts";

const hash = fc
  .array(fc.integer({ min: 0, max: 15 }), { minLength: 64, maxLength: 64 })
  .map((digits) => digits.map((digit) => digit.toString(16)).join(""));

/** A file whose shards, where it has any, fit its size. */
const file: fc.Arbitrary<ModelFile> = fc
  .record({
    count: fc.integer({ min: 1, max: 5 }),
    shardBytes: fc.integer({ min: 1, max: 2 ** 31 }),
    hashes: fc.array(hash, { minLength: 5, maxLength: 5 }),
    kind: fc.constantFrom("bare", "approximate", "whole", "sharded", "both"),
    rest: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map(({ count, shardBytes, hashes, kind, rest }) => {
    const bytes = count * shardBytes - Math.floor(rest * shardBytes);
    const shards = { bytes: shardBytes, sha256: hashes.slice(0, count) };
    return {
      url: "/file",
      bytes,
      ...(kind === "approximate" && { isApproximate: true }),
      ...((kind === "whole" || kind === "both") && { sha256: hashes[0]! }),
      ...((kind === "sharded" || kind === "both") && { shards }),
    };
  });

const PATHS = [...COMMON_FILES, "vision.onnx", "onnx/embed.onnx", "onnx/decoder.onnx"];

const model: fc.Arbitrary<ModelDescriptor> = fc
  .array(file, { minLength: PATHS.length, maxLength: PATHS.length })
  .map((files) => ({
    ...fastvlm05b(),
    files: Object.fromEntries(PATHS.map((path, index) => [path, files[index]!])),
    variants: [
      {
        id: "q4",
        device: "wasm",
        graphs: { vision: PATHS[3]!, embed: PATHS[4]!, decoder: PATHS[5]! },
      },
    ],
  }));

/** Where the descriptor is said to be wrong; undefined where it is right. */
function complaint(descriptor: unknown): { file: string; reason: string } | undefined {
  try {
    readManifest(descriptor);
    return undefined;
  } catch (error) {
    if (VlmError.is(error, "model-invalid")) return error.details;
    throw error;
  }
}

/** The same model with something else in one file. */
function withFile(given: ModelDescriptor, path: string, change: object): unknown {
  return { ...given, files: { ...given.files, [path]: { ...given.files[path], ...change } } };
}

describe("readManifest", () => {
  it("accepts the kit's own models, and every well-formed one", () => {
    expect(complaint(fastvlm05b())).toBeUndefined();
    expect(complaint(tinyModel())).toBeUndefined();
    fc.assert(
      fc.property(model, (given) => {
        expect(complaint(given)).toBeUndefined();
      }),
    );
  });

  it("refuses a wrong hash anywhere, and an empty one above all", () => {
    const wrong = fc.oneof(
      fc.constantFrom("", "0".repeat(63), "A".repeat(64), ` ${"0".repeat(63)}`, null, 0),
      fc.string(),
    );
    fc.assert(
      fc.property(model, fc.constantFrom(...PATHS), wrong, (given, path, sha256) => {
        expect(complaint(withFile(given, path, { sha256 }))?.file).toBe(path);
        const shards = { bytes: given.files[path]!.bytes, sha256: [sha256] };
        const sharded = { shards, sha256: undefined, isApproximate: undefined };
        expect(complaint(withFile(given, path, sharded))?.file).toBe(path);
      }),
    );
  });

  it("refuses a list of shards that does not fit the size", () => {
    const counts = {
      size: fc.integer({ min: 1, max: 1000 }),
      part: fc.integer({ min: 1, max: 50 }),
    };
    fc.assert(
      fc.property(model, fc.record(counts), fc.nat({ max: 60 }), (given, { size, part }, count) => {
        const shards = { bytes: part, sha256: Array<string>(count).fill("0".repeat(64)) };
        const change = { bytes: size, shards, sha256: undefined, isApproximate: undefined };
        const isWhole = (count - 1) * part < size && size <= count * part;
        expect(complaint(withFile(given, PATHS[5]!, change)) === undefined).toBe(isWhole);
      }),
    );
  });

  it.each([
    [
      { shards: { bytes: 0, sha256: [] } },
      "`files.config.json.shards.bytes` to be a positive integer, got `0` (number)",
    ],
    [
      { shards: { bytes: 1.5, sha256: ["0".repeat(64)] } },
      "`files.config.json.shards.bytes` to be a positive integer, got `1.5`",
    ],
    [
      { shards: { bytes: 9e6, sha256: "0".repeat(64) } },
      "`files.config.json.shards.sha256` to be a list, each item of it a SHA-256 of 64",
    ],
    [{ isApproximate: true, shards: { bytes: 9e6, sha256: ["0".repeat(64)] } }, "unknown size"],
    [{ sha256: "1".repeat(64), shards: { bytes: 9e6, sha256: ["0".repeat(64)] } }, "only shard"],
    [{ url: "" }, "`files.config.json.url` to be an address"],
    [{ url: undefined }, "`files.config.json.url` to be an address"],
    [{ sha265: "0".repeat(64) }, "`files.config.json.sha265` to be left out (known here: `url`"],
    [{ isApproximate: "no" }, "`files.config.json.isApproximate` to be true or false"],
  ])("refuses %j", (change, reason) => {
    const bare = withFile(fastvlm05b(), "config.json", { isApproximate: false }) as ModelDescriptor;
    expect(complaint(bare)).toBeUndefined();
    const found = complaint(withFile(bare, "config.json", change));
    expect(found).toMatchObject({ file: "config.json" });
    expect(found?.reason).toContain(reason);
  });

  it("refuses sizes that are no sizes", () => {
    for (const bytes of [0, -1, 0.5, NaN, Infinity, 2 ** 53, "9", null]) {
      expect(complaint(withFile(fastvlm05b(), "config.json", { bytes }))?.file).toBe("config.json");
    }
  });

  it("refuses a model without a file that it needs, whatever objects inherit", () => {
    fc.assert(
      fc.property(model, fc.constantFrom(...PATHS), (given, missing) => {
        const files = { ...given.files };
        Reflect.deleteProperty(files, missing);
        expect(complaint({ ...given, files })).toEqual({
          file: missing,
          reason: "not in the descriptor",
        });
      }),
    );
    const [variant] = fastvlm05b().variants;
    const withGraph = (vision: unknown): unknown => ({
      ...fastvlm05b(),
      variants: [{ ...variant, graphs: { ...variant!.graphs, vision } }],
    });
    expect(complaint(withGraph("onnx/vision_encoder.onnx"))).toBeUndefined();
    expect(complaint(withGraph("toString"))?.file).toBe("toString");
    expect(complaint(withGraph(undefined))).toEqual({
      file: "variants",
      reason:
        "Expected `variants.0.graphs.vision` to be the path of a file, got `undefined` (undefined)",
    });
  });

  it("refuses external data that is not listed, or not beside its graph", () => {
    const withData = (data: string[]) => {
      const [variant] = fastvlm05b().variants;
      const files = { ...fastvlm05b().files, "decoder.onnx_data": { url: "/d", bytes: 1 } };
      const variants = [{ ...variant, externalData: { decoder: data } }];
      return { ...fastvlm05b(), files, variants };
    };
    expect(complaint(withData(["onnx/decoder.onnx_data"]))).toEqual({
      file: "onnx/decoder.onnx_data",
      reason: "not in the descriptor",
    });
    expect(complaint(withData(["decoder.onnx_data"]))).toEqual({
      file: "decoder.onnx_data",
      reason: "not in the folder of the decoder graph",
    });
    expect(complaint(withData(["onnx/embed_tokens_fp16.onnx"]))).toBeUndefined();
  });

  it.each(["../config.json", "/config.json", "a\\b", "a b", "", "constructor"])(
    "refuses a file at %j",
    (path) => {
      const { files } = fastvlm05b();
      const descriptor = { ...fastvlm05b(), files: { ...files, [path]: files["config.json"] } };
      expect(complaint(descriptor)).toEqual({ file: path, reason: "unsafe path" });
    },
  );

  it.each<[object, string, string]>([
    [{ imageSize: NaN }, "imageSize", "`imageSize` to be an integer from 1, got `NaN` (number)"],
    [{ imageSize: "256" }, "imageSize", "`imageSize` to be an integer from 1"],
    [{ license: { id: "a", summary: "", isAccepted: "no" } }, "license", "`license.isAccepted` to"],
    [{ license: undefined }, "license", "`license` to be an object, got `undefined`"],
    [{ captions: {} }, "captions", "`captions.brief` to be an object"],
    [{ captions: null }, "captions", "`captions` to be an object, got `null` (object)"],
    [{ variants: {} }, "variants", "`variants` to be a list of sets of files"],
    [{ files: [] }, "files", "`files` to be an object, got []"],
    [{ selfcheck: {} }, "selfcheck", "`selfcheck` to be left out (known here: `id`"],
    [{ source: "main" }, "source", "`source` to be an object"],
  ])("refuses %j, which it names", (change, file, reason) => {
    const found = complaint({ ...fastvlm05b(), ...change });
    expect(found?.file).toBe(file);
    expect(found?.reason).toContain(`Expected ${reason}`);
  });

  it("has names that no object may have", () => {
    const text = JSON.stringify(fastvlm05b()).replace('"config.json"', '"__proto__"');
    expect(complaint(JSON.parse(text))).toEqual({ file: "__proto__", reason: "unsafe path" });
    const cohort = JSON.stringify(fastvlm05b()).replace(/^{/, '{"__proto__":{},');
    expect(complaint(JSON.parse(cohort))?.file).toBe("__proto__");
  });

  it("is a wrong argument where there is no descriptor at all", () => {
    for (const given of [undefined, null, "tiny", [fastvlm05b()], () => fastvlm05b()]) {
      expect(() => readManifest(given)).toThrow(/^Expected `model` to be an object, got/);
      expect(() => readManifest(given)).toThrow(TypeError);
    }
  });

  it("copies the descriptor: what was checked is what is used", () => {
    const given = structuredClone(tinyModel()) as { imageSize: number };
    const read = readManifest(given);
    given.imageSize = NaN;
    expect(read).toEqual(tinyModel());
  });

  it("refuses names that would break a cache's keys", () => {
    const [variant] = fastvlm05b().variants;
    for (const name of ["", "a b", "a\nb", "\u200bmain", "\ud800", undefined, 7]) {
      expect(complaint({ ...fastvlm05b(), id: name })?.file).toBe("id");
      expect(complaint({ ...fastvlm05b(), revision: name })?.file).toBe("revision");
      const variants = [{ ...variant, id: name }];
      expect(complaint({ ...fastvlm05b(), variants })?.file).toBe("variants");
    }
  });

  it("says what is wrong, and what to do", () => {
    expect(() => {
      readManifest(withFile(fastvlm05b(), "tokenizer.json", { sha256: "" }));
    }).toThrow(
      'The model\'s descriptor is wrong at "tokenizer.json": Expected `files.tokenizer.json.sha256` to be a SHA-256 of 64 ' +
        'lower-case hex digits, got "". Correct it, or make it anew from the model\'s files.',
    );
  });
});
