import { describe, expect, it } from "vitest";
import { filesOfVariant, type ModelPins } from "../protocol/model-descriptor.ts";
import { fastvlm05b, type FastVlm05bOptions } from "./fastvlm-05b.ts";

const REPOSITORY = "https://huggingface.co/onnx-community/FastVLM-0.5B-ONNX";

const COMMIT = "c0ffee".padEnd(40, "0");

/** Pins of all files, each of another size and hash. */
function makePins(change: Partial<ModelPins> = {}): ModelPins {
  const files = Object.keys(fastvlm05b().files).map((path, index) => [
    path,
    { bytes: 1000 + index, sha256: String(index).padStart(64, "a") },
  ]);
  return {
    repository: "onnx-community/FastVLM-0.5B-ONNX",
    revision: COMMIT,
    files: Object.fromEntries(files) as ModelPins["files"],
    ...change,
  };
}

function urlOf(path: string, options?: FastVlm05bOptions): string | undefined {
  return fastvlm05b(options).files[path]?.url;
}

function hashesOf(options: FastVlm05bOptions): Record<string, string> {
  const hashes = Object.entries(fastvlm05b(options).files).flatMap(([path, { sha256 }]) =>
    sha256 === undefined ? [] : [[path, sha256]],
  );
  return Object.fromEntries(hashes) as Record<string, string>;
}

describe("fastvlm05b", () => {
  it("finds its files on the Hub, at main", () => {
    expect(urlOf("config.json")).toBe(`${REPOSITORY}/resolve/main/config.json`);
    expect(urlOf("onnx/vision_encoder.onnx")).toBe(
      `${REPOSITORY}/resolve/main/onnx/vision_encoder.onnx`,
    );
  });

  it("finds them at another revision, whose name may hold a slash", () => {
    expect(urlOf("config.json", { revision: "abc123" })).toBe(
      `${REPOSITORY}/resolve/abc123/config.json`,
    );
    expect(urlOf("config.json", { revision: "refs/pr/1" })).toBe(
      `${REPOSITORY}/resolve/refs%2Fpr%2F1/config.json`,
    );
  });

  it("names the revision, so that revisions are kept apart in caches", () => {
    expect(fastvlm05b().revision).toBe("main");
    expect(fastvlm05b({ revision: "refs/pr/1" }).revision).toBe("refs/pr/1");
  });

  it.each(["/models/fastvlm", "/models/fastvlm/", "/models/fastvlm//"])(
    "finds them under %s",
    (baseUrl) => {
      expect(urlOf("onnx/embed_tokens_int8.onnx", { baseUrl })).toBe(
        "/models/fastvlm/onnx/embed_tokens_int8.onnx",
      );
    },
  );

  it("says which branch of which repository may move, and no more", () => {
    expect(fastvlm05b().source).toEqual({
      endpoint: "https://huggingface.co",
      repository: "onnx-community/FastVLM-0.5B-ONNX",
      revision: "main",
    });
    expect(fastvlm05b({ revision: "v1" }).source?.revision).toBe("v1");
    expect(fastvlm05b({ revision: COMMIT }).source).toBeUndefined();
    expect(fastvlm05b({ pins: makePins() }).source).toBeUndefined();
    expect(fastvlm05b({ baseUrl: "/models" }).source).toBeUndefined();
  });

  it("finds a mirror of the hub", () => {
    const model = fastvlm05b({ endpoint: "https://hub.example/" });
    expect(model.source?.endpoint).toBe("https://hub.example");
    expect(model.files["config.json"]?.url).toBe(
      "https://hub.example/onnx-community/FastVLM-0.5B-ONNX/resolve/main/config.json",
    );
  });

  it("holds the files of main to the hashes that are known, wherever they come from", () => {
    const known = {
      "onnx/decoder_model_merged_int8.onnx":
        "93ee4552127e1c12549b0b931fb6cf90e0d794faedfe5e56b8b5b90f04e63979",
      "onnx/decoder_model_merged_q4.onnx":
        "d4efcd943ec6bc3e0ddbcd2022330a563243ec9a648fb05a616b201d5a8c43a5",
      "onnx/embed_tokens_int8.onnx":
        "a51d36f1f40fd9e41b86b50d6411c6e6ab8ba0131060532f906344577a75f542",
    };
    for (const options of [{}, { revision: "main" }, { baseUrl: "/models" }]) {
      expect(hashesOf(options)).toEqual(known);
    }
  });

  it("holds another revision to no hashes of main, and pins to their own only", () => {
    for (const revision of [COMMIT, "refs/pr/1", "of-my-own"]) {
      expect(hashesOf({ revision })).toEqual({});
      expect(hashesOf({ revision, baseUrl: "/models" })).toEqual({});
    }
    const pins = makePins();
    const pinned = Object.entries(pins.files).map(([path, { sha256 }]) => [path, sha256]);
    expect(hashesOf({ pins })).toEqual(Object.fromEntries(pinned));
  });

  it("is closed until the licence is accepted in code", () => {
    expect(fastvlm05b().license).toMatchObject({ id: "apple-amlr", isAccepted: false });
    expect(fastvlm05b({ acceptLicense: "apple-amlr" }).license.isAccepted).toBe(true);
    expect(fastvlm05b({ acceptLicense: "yes" as "apple-amlr" }).license.isAccepted).toBe(false);
  });

  it("has every file of every variant, with a size", () => {
    const { files, variants } = fastvlm05b();
    for (const path of variants.flatMap((variant) => filesOfVariant({ files }, variant))) {
      expect(files[path]?.bytes, path).toBeGreaterThan(0);
      expect(files[path]?.isApproximate, path).toBe(true);
    }
  });

  it("lists no file that no variant needs", () => {
    const { files, variants } = fastvlm05b();
    expect(new Set(Object.keys(files))).toEqual(
      new Set(variants.flatMap((variant) => filesOfVariant({ files }, variant))),
    );
  });

  it("prefers the GPU variant that needs float16 shaders, and has one for every device", () => {
    expect(fastvlm05b().variants.map(({ id, device, requires }) => [id, device, requires])).toEqual(
      [
        ["q4f16", "webgpu", ["shader-f16"]],
        ["q4", "webgpu", undefined],
        ["int8", "wasm", undefined],
      ],
    );
  });

  it("takes image sizes in steps of the encoder's stride", () => {
    expect(fastvlm05b().imageSize).toBe(1024);
    expect(fastvlm05b({ imageSize: 64 }).imageSize).toBe(64);
    for (const imageSize of [0, -64, 63, 1000, NaN, Infinity]) {
      expect(() => fastvlm05b({ imageSize })).toThrow(
        new TypeError(
          `Expected \`imageSize\` to be a multiple of 64, got \`${String(imageSize)}\` (number)`,
        ),
      );
    }
  });

  it("holds every file to its pin, at the pinned commit", () => {
    const pins = makePins();
    const { revision, files } = fastvlm05b({ pins });
    expect(revision).toBe(COMMIT);
    expect(Object.keys(files)).toEqual(Object.keys(pins.files));
    for (const [path, { bytes, sha256 }] of Object.entries(pins.files)) {
      expect(files[path]).toEqual({
        url: `${REPOSITORY}/resolve/${COMMIT}/${path}`,
        bytes,
        sha256,
      });
    }
    expect(fastvlm05b({ pins, revision: COMMIT })).toEqual(fastvlm05b({ pins }));
  });

  it("holds a server of the app's own to the pins too", () => {
    const pins = makePins();
    expect(fastvlm05b({ pins, baseUrl: "/models" }).files["config.json"]).toEqual({
      url: "/models/config.json",
      ...pins.files["config.json"],
    });
  });

  it("takes nothing else from the pins", () => {
    const pins = makePins();
    const more = { ...pins.files, "README.md": { bytes: 1, sha256: "0".repeat(64) } };
    const extended = JSON.parse(
      JSON.stringify(makePins({ files: more })).replace('"bytes":1000', '"bytes":1000,"url":"/x"'),
    ) as ModelPins;
    expect(fastvlm05b({ pins: extended })).toEqual(fastvlm05b({ pins }));
  });

  it.each([
    ["another repository", { repository: "apple/FastVLM-0.5B" }, "Expected `pins` of `onnx-"],
    ["a branch", { revision: "main" }, 'to be a commit of 40 hex digits, got "main"'],
    ["a short commit", { revision: "c0ffee0" }, "to be a commit of 40 hex digits"],
    ["no file at all", { files: {} }, "to have the file `config.json`"],
  ])("refuses pins of %s", (_, change, message) => {
    const pins = makePins(change);
    expect(() => fastvlm05b({ pins })).toThrow(TypeError);
    expect(() => fastvlm05b({ pins })).toThrow(message);
  });

  it("refuses pins of another commit than the revision asked for", () => {
    const pins = makePins();
    expect(() => fastvlm05b({ pins, revision: "main" })).toThrow(
      new TypeError(
        `Expected \`revision\` to be left out or that of \`pins\`, \`${COMMIT}\`, got \`main\``,
      ),
    );
  });

  it.each([
    ["sha256", { bytes: 1000, sha256: "" }],
    ["sha256", { bytes: 1000, sha256: "A".repeat(64) }],
    ["bytes", { bytes: 0, sha256: "a".repeat(64) }],
    ["bytes", { bytes: 1.5, sha256: "a".repeat(64) }],
  ])("refuses a wrong %s in a pin: %j", (field, pin) => {
    const { files } = makePins();
    const pins = makePins({ files: { ...files, "tokenizer.json": pin } });
    expect(() => fastvlm05b({ pins })).toThrow(
      new RegExp(`^Expected \`pins.files.tokenizer.json.${field}\` to be a`),
    );
  });

  it("crosses to the worker as plain data", () => {
    expect(structuredClone(fastvlm05b())).toEqual(fastvlm05b());
  });
});
