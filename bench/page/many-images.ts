/** Captions of new images by a client that has stored few images, and by one that has stored many, in turn. */

import { createVlm, type Vlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";
import { drawPicture } from "./picture.ts";

interface ManyImagesRequest {
  /** How many images the client with many has captioned before it is measured. */
  readonly known: number;
  /** How many new images each of the two captions while it is measured. */
  readonly measured: number;
}

/** How long each caption took, as its caller sees it, in milliseconds. */
export interface ManyImagesTimes {
  readonly few: readonly number[];
  readonly many: readonly number[];
}

let seed = 0;

const drawNext = (): Promise<Blob> => drawPicture({ seed: seed++, size: 256 });

function load(name: string): Promise<Vlm> {
  return createVlm({
    worker: () => new Worker(new URL("./kit.worker.ts", import.meta.url), { type: "module" }),
    model: tinyModel(),
    device: "wasm",
    cache: { name },
  });
}

async function time(vlm: Vlm): Promise<number> {
  const image = await drawNext();
  const startedAt = performance.now();
  const { cached } = await vlm.caption(image);
  if (cached) throw new Error("The image was known");
  return performance.now() - startedAt;
}

async function measure({ known, measured }: ManyImagesRequest): Promise<ManyImagesTimes> {
  const many = await load("many");
  for (let count = 0; count < known; count++) {
    await time(many);
    if (count % 500 === 499) console.log(`${String(count + 1)} images`);
  }
  const few = await load("few");
  const times: { few: number[]; many: number[] } = { few: [], many: [] };
  // The first captions of the client with few find cold code.
  for (let count = 0; count < 20; count++) await time(few);
  // In turn, so that whatever else the machine does counts for both.
  for (let count = 0; count < measured; count++) {
    times.few.push(await time(few));
    times.many.push(await time(many));
  }
  await Promise.all([few.dispose(), many.dispose()]);
  return times;
}

declare global {
  interface Window {
    measureManyImages: typeof measure;
  }
}

window.measureManyImages = measure;
