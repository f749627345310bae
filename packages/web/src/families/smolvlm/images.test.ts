/** Pixels against Pillow's, which `tools/smolvlm-pixels` wrote down and compared with Python's own image processor. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ImagePixels } from "../../image/tensor/resample.ts";
import type { ImageFit } from "../../protocol/options.ts";
import { smolVlmImages } from "./images.ts";

interface Golden {
  readonly width: number;
  readonly height: number;
  readonly longest: number;
  readonly tile: number;
  readonly fit: ImageFit;
  readonly rows: number;
  readonly columns: number;
  /** Of the bytes of each tile, in planes. */
  readonly sha256: readonly string[];
}

const golden = JSON.parse(
  readFileSync(new URL("./fixtures/golden-pixels.json", import.meta.url), "utf8"),
) as readonly Golden[];

/** The numbers of the encoder are the bytes themselves. */
const BYTES = { mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255] } as const;

/** The rule of `draw` in `make-golden.py`. */
function drawn(width: number, height: number): ImagePixels {
  const data = new Uint8ClampedArray(width * height * 4);
  let state = 1;
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const block = ((Math.floor(x / 5) + Math.floor(y / 5)) % 2) * 255;
    for (let channel = 0; channel < 3; channel += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      data[pixel * 4 + channel] = block + ((state >>> 24) % 81) - 40;
    }
    data[pixel * 4 + 3] = 255;
  }
  return { data, width, height };
}

const formOf = (tile: number, tokens = 64) => smolVlmImages({ tile, tokens, range: BYTES });

describe("tiles are Pillow's to the bit:", () => {
  it.each(golden)("$width × $height at $longest px in tiles of $tile px, $fit", (one) => {
    const pixels = drawn(one.width, one.height);
    const plan = formOf(one.tile).plan(pixels, { side: one.longest, fit: one.fit });
    const drawTile = plan.draw(pixels);
    const hashes = plan.tiles.map((_, at) => {
      const { data, size } = drawTile(at);
      expect(size).toBe(one.tile);
      const bytes = Uint8Array.from(data, Math.round);
      return createHash("sha256").update(bytes).digest("hex");
    });
    expect(plan.side).toBe(one.longest);
    expect(hashes).toEqual(one.sha256);
  });
});

describe("an image", () => {
  const plan = (width: number, height: number, side: number) =>
    formOf(512).plan({ width, height }, { side, fit: "stretch" });

  it.each([
    // Width, height, side that was asked for; side that is used, tiles, positions of the prompt.
    [1600, 1200, 512, 512, 1, 67],
    [1600, 1200, 1024, 1024, 5, 64 * 5 + 13],
    [4000, 3000, 2048, 2048, 13, 64 * 13 + 30],
    [4000, 4000, 2048, 2048, 17, 64 * 17 + 39],
    [3840, 2160, 1536, 1536, 7, 64 * 7 + 17],
    // Never enlarged by more than it takes to fill its tiles.
    [386, 386, 2048, 512, 1, 67],
    [600, 400, 2048, 1024, 5, 64 * 5 + 13],
  ])(
    "of %i × %i at %i px is seen at %i px in %i tiles",
    (width, height, side, used, tiles, tokens) => {
      expect(plan(width, height, side)).toMatchObject({ side: used, tokens });
      expect(plan(width, height, side).tiles).toHaveLength(tiles);
    },
  );

  it("is laid on white where it is transparent", () => {
    const pixels = { data: new Uint8ClampedArray(4 * 4 * 4), width: 4, height: 4 };
    const one = formOf(32).plan(pixels, { side: 32, fit: "stretch" });
    expect(new Set(one.draw(pixels)(0).data)).toEqual(new Set([255]));
  });

  it("is in the range of the encoder", () => {
    const range = { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] } as const;
    const pixels = { data: new Uint8ClampedArray([255, 0, 51, 255]), width: 1, height: 1 };
    const form = smolVlmImages({ tile: 8, tokens: 1, range });
    const { data } = form.plan(pixels, { side: 8, fit: "stretch" }).draw(pixels)(0);
    expect([data[0], data[64], data[128]]).toEqual([1, -1, Math.fround(-0.6)]);
  });
});

it("begins with few tiles where the speed of the device is not known", () => {
  const form = formOf(512);
  const encoder = { imageSize: 512, isImageSizeFree: false };
  expect(form.choice(encoder, 2048)).toEqual({
    largest: 2048,
    isFree: true,
    first: { webgpu: 1024, wasm: 512 },
  });
  expect(form.choice(encoder, 512).first).toEqual({ webgpu: 512, wasm: 512 });
  expect(form.encodedPixels(512)).toBe(512 ** 2);
  expect(form.encodedPixels(1024)).toBe(5 * 512 ** 2);
});
