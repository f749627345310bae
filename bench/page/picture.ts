/** Pictures to ask about: as much detail as a photo has, and the same for both engines. */

import type { PictureRequest } from "./engine.ts";

const drawn = new Map<string, Promise<Blob>>();

/** A square JPEG that follows from its seed. */
export function drawPicture({ seed, size }: PictureRequest): Promise<Blob> {
  const key = `${seed} ${size}`;
  const known = drawn.get(key) ?? draw(seed, size);
  drawn.set(key, known);
  return known;
}

function draw(seed: number, size: number): Promise<Blob> {
  const random = createRandom(seed);
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d")!;
  const color = (): string =>
    `hsl(${Math.floor(random() * 360)} ${30 + random() * 60}% ${25 + random() * 50}%)`;
  const gradient = context.createLinearGradient(0, 0, size, size);
  gradient.addColorStop(0, color());
  gradient.addColorStop(1, color());
  context.fillStyle = gradient;
  context.fillRect(0, 0, size, size);
  for (let shape = 0; shape < 400; shape++) {
    context.fillStyle = color();
    context.beginPath();
    const radius = size * (0.005 + 0.08 * random() ** 3);
    context.ellipse(
      random() * size,
      random() * size,
      radius,
      radius * (0.3 + random()),
      random() * Math.PI,
      0,
      2 * Math.PI,
    );
    context.fill();
  }
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}

/** Mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
