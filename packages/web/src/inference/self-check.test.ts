import { describe, expect, it } from "vitest";
import { createFakeRuntime, predictionOf } from "../../test/fake-runtime.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import type { ImageTensor, Runtime } from "../engines/runtime.ts";
import type { Device, ModelDescriptor, SelfCheck } from "../protocol/model-descriptor.ts";
import { checkDevice } from "./self-check.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { FASTVLM_IMAGES } from "../families/fastvlm/images.ts";
import { createTextCodec } from "./tokenizer.ts";

const codec = createTextCodec(tokenizerJson, tokenizerConfig, FASTVLM_PROMPT);

const ASKED = { codec, setup: { prompt: FASTVLM_PROMPT, images: FASTVLM_IMAGES } };

/** A device whose features are `encode` of the image, and which answers `answer`. */
function device(
  encode: (image: ImageTensor) => number[],
  answer: readonly number[] = [7, 8, 9],
): Runtime {
  return {
    ...createFakeRuntime(answer),
    encodeImage: (image) =>
      Promise.resolve({ tokens: 1, values: Float32Array.from(encode(image)) }),
  };
}

const byImage = ({ data }: ImageTensor): number[] => [data[0]! + 1, data[100]!, -data.at(-1)!, 0.5];

const SELF_CHECK: SelfCheck = {
  prompt: "Describe.",
  expectedTokenIds: [7, 8],
  features: [1, 3],
  featureStride: 2,
  minCosine: 0.99,
};

function check(runtime: Runtime, selfCheck?: SelfCheck): Promise<void> {
  const model: ModelDescriptor = {
    ...fastvlm05b({ imageSize: 64 }),
    ...(selfCheck && { selfCheck }),
  };
  return checkDevice(runtime, ASKED, model);
}

describe("checkDevice with the model's own check", () => {
  it("accepts the reference's features and tokens", async () => {
    await check(
      device(() => [1, 99, 3.01, 99]),
      SELF_CHECK,
    );
  });

  it.each([
    ["cosine of features", [3, 99, 1, 99], [7, 8]],
    ["cosine of features", [0, 99, 0, 99], [7, 8]],
    ["cosine of features", [1, 99], [7, 8]],
    ["finite features", [1, NaN, 3, 99], [7, 8]],
    ["finite features", [1, Infinity, 3, 99], [7, 8]],
    ["likelihood of an expected token", [1, 99, 3, 99], [7, 6]],
  ])("turns a device down for its %s", async (name, features, answer) => {
    await expect(
      check(
        device(() => features, answer),
        SELF_CHECK,
      ),
    ).rejects.toMatchObject({
      code: "device-check-failed",
      details: { device: "wasm", check: name },
    });
  });
});

describe("checkDevice with the model's own check of a small image", () => {
  const small = { ...SELF_CHECK, imageSize: 64 };

  /** Right at 64 px, and `large` at the model's own size. */
  function checkAt(kind: Device, large: number[]): { sizes: number[]; done: Promise<void> } {
    const sizes: number[] = [];
    const runtime = device(({ size }) => {
      sizes.push(size);
      return size === 64 ? [1, 99, 3.01, 99] : large;
    });
    const model = { ...fastvlm05b({ imageSize: 128 }), selfCheck: small };
    const own = { device: kind, imageSize: 128 };
    return { sizes, done: checkDevice({ ...runtime, ...own }, ASKED, model) };
  }

  it("sees just that one on a CPU", async () => {
    const { sizes, done } = checkAt("wasm", []);
    await done;
    expect(sizes).toEqual([64]);
  });

  it("lets a GPU encode one of the model's size too", async () => {
    const { sizes, done } = checkAt("webgpu", [1, 2, 3]);
    await done;
    expect(sizes).toEqual([64, 128]);
    for (const wrong of [
      [1, 1, 1],
      [1, NaN],
    ])
      await expect(checkAt("webgpu", wrong).done).rejects.toMatchObject({
        details: { check: "spread of features" },
      });
  });
});

describe("checkDevice without one", () => {
  it("accepts features that vary and follow the image", async () => {
    await check(device(byImage));
  });

  it.each<[string, (image: ImageTensor) => number[]]>([
    ["spread of features", () => [2, 2, 2]],
    ["difference between two images", () => [1, 2, 3]],
    ["finite features", () => [1, NaN]],
  ])("turns a device down for its %s", async (name, encode) => {
    await expect(check({ ...device(encode), device: "webgpu" })).rejects.toMatchObject({
      code: "device-check-failed",
      details: { check: name },
    });
  });

  it("asks the CPU for one small image and one token", async () => {
    const sizes: number[] = [];
    let tokens = 0;
    const runtime = device((image) => {
      sizes.push(image.size);
      return byImage(image);
    });
    const startDecoding: Runtime["startDecoding"] = () => {
      const decoding = runtime.startDecoding();
      return {
        ...decoding,
        append: (parts) => {
          tokens += 1;
          return decoding.append(parts);
        },
      };
    };
    const model = fastvlm05b({ imageSize: 1024 });
    await checkDevice({ ...runtime, startDecoding }, ASKED, model);
    expect(sizes).toEqual([64]);
    expect(tokens).toBe(1);
  });
});

describe("checkDevice on a GPU without a stored check", () => {
  it("turns down a device that answers a long prompt otherwise than the same prompt in pieces", async () => {
    const runtime = device(byImage);
    let decodings = 0;
    const inconsistent: Runtime = {
      ...runtime,
      device: "webgpu",
      startDecoding: () => {
        decodings += 1;
        const isLong = decodings === 2; // After the check image's own decoding: all at once.
        return {
          ...runtime.startDecoding(),
          append: () =>
            Promise.resolve(predictionOf(isLong ? Float32Array.of(1, 0) : Float32Array.of(0, 1))),
        };
      },
    };
    await expect(check(inconsistent)).rejects.toMatchObject({
      code: "device-check-failed",
      details: { device: "webgpu", check: "agreement of long and short inputs" },
    });
    await check({ ...runtime, device: "webgpu" });
  });

  it("turns down a device that answers a single token rightly once, as where replays are wrong", async () => {
    const runtime = device(byImage);
    const replaying: Runtime = {
      ...runtime,
      device: "webgpu",
      startDecoding: () => {
        let singles = 0;
        return {
          ...runtime.startDecoding(),
          append: ([part]) => {
            if (part?.kind === "tokens" && part.ids.length === 1) singles += 1;
            const logits = singles > 1 ? Float32Array.of(0, 1) : Float32Array.of(1, 0);
            return Promise.resolve(predictionOf(logits));
          },
        };
      },
    };
    await expect(check(replaying)).rejects.toMatchObject({
      details: { check: "agreement of long and short inputs" },
    });
  });
});
