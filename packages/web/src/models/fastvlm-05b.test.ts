import { describe, expect, it } from "vitest";
import { filesOfVariant } from "../protocol/model-descriptor.ts";
import { fastvlm05b, type FastVlm05bOptions } from "./fastvlm-05b.ts";

const REPOSITORY = "https://huggingface.co/onnx-community/FastVLM-0.5B-ONNX";

function urlOf(path: string, options?: FastVlm05bOptions): string | undefined {
  return fastvlm05b(options).files[path]?.url;
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

  it("is closed until the licence is accepted in code", () => {
    expect(fastvlm05b().license).toMatchObject({ id: "apple-amlr", isAccepted: false });
    expect(fastvlm05b({ acceptLicense: "apple-amlr" }).license.isAccepted).toBe(true);
    expect(fastvlm05b({ acceptLicense: "yes" as "apple-amlr" }).license.isAccepted).toBe(false);
  });

  it("has every file of every variant, with a size", () => {
    const { files, variants } = fastvlm05b();
    for (const path of variants.flatMap(filesOfVariant)) {
      expect(files[path]?.bytes, path).toBeGreaterThan(0);
      expect(files[path]?.isApproximate, path).toBe(true);
    }
  });

  it("lists no file that no variant needs", () => {
    const { files, variants } = fastvlm05b();
    expect(new Set(Object.keys(files))).toEqual(new Set(variants.flatMap(filesOfVariant)));
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

  it("takes picture sizes in steps of the encoder's stride", () => {
    expect(fastvlm05b().imageSize).toBe(1024);
    expect(fastvlm05b({ imageSize: 64 }).imageSize).toBe(64);
    for (const imageSize of [0, -64, 63, 1000, NaN, Infinity]) {
      expect(() => fastvlm05b({ imageSize })).toThrow(
        new TypeError(
          `Expected \`imageSize\` to be a multiple of 64, got \`${String(imageSize)}\``,
        ),
      );
    }
  });

  it("crosses to the worker as plain data", () => {
    expect(structuredClone(fastvlm05b())).toEqual(fastvlm05b());
  });
});
