import { describe, expect, it } from "vitest";
import { readModel } from "../families/read-model.ts";
import { filesOfVariant, type ModelPins } from "../protocol/model-descriptor.ts";
import { smolVlm, type SmolVlmOptions } from "./smolvlm.ts";

const HUB = "https://huggingface.co/HuggingFaceTB";
const COMMIT = "7e3e67edbbed1bf9888184d9df282b700a323964";

describe("smolVlm", () => {
  it("is the first version of 256M by default, at one commit, and knows every byte of it", () => {
    const model = smolVlm();
    expect(readModel(model)).toEqual(model);
    expect(model).toMatchObject({
      id: "HuggingFaceTB/SmolVLM-256M-Instruct",
      family: "smolvlm",
      revision: COMMIT,
      imageSize: 2048,
    });
    expect(model.source).toBeUndefined();
    for (const [path, file] of Object.entries(model.files)) {
      expect(file.url).toBe(`${HUB}/SmolVLM-256M-Instruct/resolve/${COMMIT}/${path}`);
      expect(file.sha256).toHaveLength(64);
      expect(file.isApproximate).toBeUndefined();
    }
    expect(model.files["onnx/decoder_model_merged_q4.onnx"]).toMatchObject({
      bytes: 86562901,
      sha256: "e3fd81130e30715580cf148398e48e2925b6219bff75e17d2a77add35a363f65",
    });
  });

  it.each([
    [{ size: "500M" }, "SmolVLM-500M-Instruct"],
    [{ version: 2 }, "SmolVLM2-256M-Video-Instruct"],
    [{ size: "500M", version: 2 }, "SmolVLM2-500M-Video-Instruct"],
    [{ revision: "main" }, "SmolVLM-256M-Instruct"],
  ] as const)("of %j comes from the branch main of %s", (options, name) => {
    const model = smolVlm(options);
    expect(model.id).toBe(`HuggingFaceTB/${name}`);
    expect(model.source).toMatchObject({ repository: model.id, revision: "main" });
    expect(model.files["config.json"]).toMatchObject({
      url: `${HUB}/${name}/resolve/main/config.json`,
      isApproximate: true,
    });
    expect(Object.values(model.files).every(({ sha256 }) => sha256 === undefined)).toBe(true);
  });

  it.each([
    ["256M", [164, 182.3, 263.4]],
    ["500M", [313.5, 346.5, 514.5]],
  ] as const)("of %s has three sets of files, of so many megabytes", (size, expected) => {
    const model = smolVlm({ size });
    const megabytes = model.variants.map((variant) =>
      filesOfVariant(model, variant).reduce((sum, path) => sum + model.files[path]!.bytes / 1e6, 0),
    );
    for (const [at, sum] of megabytes.entries()) expect(sum).toBeCloseTo(expected[at]!, 0);
    expect(model.variants.map(({ device, requires }) => [device, requires])).toEqual([
      ["webgpu", ["shader-f16"]],
      ["webgpu", undefined],
      ["wasm", undefined],
    ]);
  });

  it("may be used without accepting a licence, which it names", () => {
    expect(smolVlm().license).toMatchObject({ id: "apache-2.0", isAccepted: true });
  });

  it("takes pins of its own repository, and files from elsewhere", () => {
    const { files } = smolVlm({ size: "500M" });
    const pins: ModelPins = {
      repository: "HuggingFaceTB/SmolVLM-500M-Instruct",
      revision: "c0ffee".padEnd(40, "0"),
      files: Object.fromEntries(
        Object.keys(files).map((path) => [path, { bytes: 1, sha256: "ab".repeat(32) }]),
      ),
    };
    expect(smolVlm({ size: "500M", pins }).files["config.json"]).toMatchObject({ bytes: 1 });
    expect(() => smolVlm({ pins })).toThrow("got those of `HuggingFaceTB/SmolVLM-500M-Instruct`");
    const url = smolVlm({ baseUrl: "/models" }).files["config.json"]?.url;
    expect(url).toBe("/models/config.json");
  });

  it.each([
    [{ size: "2.2B" }, '`size` to be "256M" or "500M"'],
    [{ version: 3 }, "`version` to be 1 or 2"],
    [{ imageSize: 1000 }, "`imageSize` to be a multiple of 512"],
    [{ acceptLicense: "apple-amlr" }, "`acceptLicense` to be left out"],
  ])("refuses %j", (options, message) => {
    expect(() => smolVlm(options as SmolVlmOptions)).toThrow(message);
  });
});
