/** A family of two tiles, marks and messages in parts goes through a call, from pixels to text. */

import { describe, expect, it } from "vitest";
import { byteCodec, createFakeRuntime, END_ID } from "../../test/fake-runtime.ts";
import { makeCall } from "../../test/results.ts";
import { TWO_TILES } from "../../test/two-tile-family.ts";
import type { ImageTensor, TextCodec } from "../engines/runtime.ts";
import type { ImageForm } from "../families/family.ts";
import { endIdsOf } from "../generation/end-ids.ts";
import { createSequenceCache } from "../generation/sequence-cache.ts";
import { DEFAULT_IMAGE_LIMITS } from "../image/limits.ts";
import { createRecorder } from "../metrics/recorder.ts";
import { createImageCache } from "../storage/image-cache.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createResultCache } from "../storage/result-cache.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { answer } from "./answer.ts";
import type { CallScope } from "./call-scope.ts";
import { BROWSER_DECODER } from "../decode/browser-decoder.ts";
import { createImages } from "./images.ts";

const CONTROLS: Record<string, number> = { "<left>": 300, "<right>": 301, "<end>": 302 };

const codec: TextCodec = {
  ...byteCodec,
  controlId: (token) => CONTROLS[token],
  controlTokens: Object.keys(CONTROLS),
  renderChat: (messages) => setup.prompt.write(messages, {}),
};

const INFO = { id: "test", revision: "1", variant: "int8" };
const setup = TWO_TILES.configure({ config: {} });

/** Black on the left, and of the given brightness on the right. */
function imageOf(right: number): WireImage {
  const data = new Uint8ClampedArray(16 * 8 * 4);
  for (let at = 0; at < 16 * 8; at++) {
    const value = at % 16 < 8 ? 0 : right;
    data.set([value, value, value, 255], at * 4);
  }
  return { kind: "pixels", pixels: { data, width: 16, height: 8 } as unknown as ImageData };
}

function create({ onDrawn }: { onDrawn?: (tile: number) => unknown } = {}) {
  const encoded: ImageTensor[] = [];
  const runtime = {
    ...createFakeRuntime([...byteCodec.encode("Hi."), END_ID]),
    encodeImage: (image: ImageTensor) => {
      encoded.push(image);
      return Promise.resolve({ tokens: 3, values: Float32Array.of(1, 2, image.data[0]!) });
    },
  };
  const limits = { maxBytes: 1e6, maxAgeMs: Infinity, now: () => 0 };
  const form: ImageForm = {
    ...setup.images,
    plan(image, view) {
      const plan = setup.images.plan(image, view);
      const draw: typeof plan.draw = (pixels) => {
        const drawTile = plan.draw(pixels);
        return (tile) => {
          onDrawn?.(tile);
          return drawTile(tile);
        };
      };
      return { ...plan, draw };
    },
  };
  const cache = createImageCache(createMemoryStore(), limits);
  const images = createImages({
    runtime,
    form,
    model: INFO,
    limits: DEFAULT_IMAGE_LIMITS,
    cache,
    decoder: BROWSER_DECODER,
  });
  const parts = {
    info: INFO,
    runtime,
    codec,
    prompt: setup.prompt,
    byDefault: setup.images.byDefault,
    endIds: endIdsOf(setup, codec),
    sequences: createSequenceCache(runtime, 0),
    images,
    sizes: { choose: () => 16, noteEncoding: () => undefined },
    results: createResultCache(createMemoryStore(), limits),
    recorder: createRecorder(() => undefined, Date.now),
  };
  const askAbout = (image: WireImage, prompt: string, scope: Partial<CallScope> = {}) =>
    answer(parts, makeCall({ images: [image], prompt }), {
      signal: new AbortController().signal,
      enqueuedAt: 0,
      send: () => undefined,
      enter: () => Promise.resolve(),
      checkpoint: () => Promise.resolve(),
      ...scope,
    });
  const ask = (right: number, scope: Partial<CallScope> = {}) =>
    askAbout(imageOf(right), "Q?", scope);
  return { ask, askAbout, encoded, runtime };
}

describe("an image of two tiles", () => {
  it("is encoded tile by tile, and stands between its marks in the prompt", async () => {
    const { ask, encoded, runtime } = create();
    const result = await ask(255);
    expect(encoded.map(({ size, data }) => [size, data[0], data.length])).toEqual([
      [8, -1, 192],
      [8, 1, 192],
    ]);
    const prompt = runtime.appended[0]!.map((part) =>
      part.kind === "tokens" ? part.ids : [...part.features.values],
    );
    expect(prompt).toEqual([[300], [1, 2, -1], [10, 301], [1, 2, 1], [302, 81, 63]]);
    expect(result).toMatchObject({
      text: "Hi.",
      tokens: { image: 10, prompt: 2 },
      images: [{ width: 16, height: 8, size: 16, tokens: 10 }],
    });
  });

  it("shares the features of a tile with other images that have it", async () => {
    const { ask, encoded } = create();
    await ask(255);
    await ask(128);
    expect(encoded.map(({ data }) => data[0]!.toFixed(2))).toEqual(["-1.00", "1.00", "0.00"]);
    expect(await ask(255)).toMatchObject({ cached: true });
  });

  it("is drawn once, tile by tile, and tells how far it is", async () => {
    const steps: string[] = [];
    const { ask } = create({ onDrawn: (tile) => steps.push(`drawn ${String(tile)}`) });
    await ask(255, {
      send: (message) => {
        if (message.type === "tile-encoded")
          steps.push(`${String(message.tiles)} of ${String(message.totalTiles)}`);
      },
    });
    // First for the keys. Only the last tile is still there when the first one is encoded.
    expect(steps).toEqual(["drawn 0", "drawn 1", "1 of 2", "2 of 2"]);
  });

  it("that the page has named is neither drawn nor encoded for another question", async () => {
    const drawn: number[] = [];
    const { askAbout, encoded } = create({ onDrawn: (tile) => drawn.push(tile) });
    const image = { ...imageOf(255), id: "a" };
    await askAbout(image, "Q?");
    drawn.length = 0;
    await askAbout(image, "And then?");
    expect(drawn).toEqual([]);
    expect(encoded).toHaveLength(2);
  });

  it("lets a call be cancelled after each tile", async () => {
    const { ask, encoded } = create();
    const reason = new DOMException("enough", "AbortError");
    const checkpoint = () => (encoded.length === 1 ? Promise.reject(reason) : Promise.resolve());
    await expect(ask(255, { checkpoint })).rejects.toBe(reason);
    expect(encoded).toHaveLength(1);
  });
});
