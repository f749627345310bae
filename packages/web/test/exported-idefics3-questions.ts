/**
 * Questions to the small Idefics3 of the official exporters whose pixels and prompts the kit makes. PyTorch's `generate`
 * got the same pixels and prompts (`tools/exporter-fixtures/idefics3`). For Node and for browsers.
 */

import type { ChatTurn } from "../src/protocol/options.ts";

export interface KitQuestion {
  readonly name: string;
  /** Width and height of each image. */
  readonly images: readonly (readonly [width: number, height: number])[];
  /** The longest side at which the images are seen, in pixels. */
  readonly detail: number;
  readonly prompt: string;
  readonly history?: readonly ChatTurn[];
}

/** The greatest length of an answer, in tokens. */
export const MOST_TOKENS = 12;

/** Tiles of the fixture are 64 px. */
export const KIT_QUESTIONS: readonly KitQuestion[] = [
  { name: "one tile", images: [[60, 40]], detail: 64, prompt: "What is it?" },
  { name: "two by two tiles", images: [[200, 150]], detail: 128, prompt: "What is in it?" },
  {
    name: "an answer that ends",
    images: [[200, 150]],
    detail: 128,
    prompt: "Describe this image.",
  },
  { name: "four by three tiles", images: [[190, 260]], detail: 256, prompt: "What is on it?" },
  {
    name: "two images of different grids",
    images: [
      [200, 80],
      [50, 60],
    ],
    detail: 128,
    prompt: "What is on the left?",
  },
  {
    name: "a conversation about an image",
    images: [[150, 200]],
    detail: 128,
    prompt: "And on the right?",
    history: [
      { role: "user", content: "What is on the left?" },
      { role: "assistant", content: " A red house." },
    ],
  },
  { name: "no image", images: [], detail: 64, prompt: "Who are you?" },
];

/** RGBA of an opaque image that differs everywhere, with soft and hard edges. */
export function drawKitImage(width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const block = (Math.floor(x / 17) + Math.floor(y / 23)) % 2;
    data[pixel * 4] = (x * 255) / width;
    data[pixel * 4 + 1] = block * 200 + ((x * 7 + y * 3) % 50);
    data[pixel * 4 + 2] = 255 - (y * 255) / height;
  }
  return data;
}
