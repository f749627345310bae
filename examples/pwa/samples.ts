/** Drawings of the kind that the embedded model knows; part of the app, so they work offline too. */

import type { IncomingPicture } from "./picture-sources.ts";

// Spelled out one by one: the bundler finds files only by addresses that it can read.
const SAMPLES = [
  {
    name: "crab-and-clock.png",
    url: new URL("../shared/samples/crab-and-clock.png", import.meta.url).href,
  },
  {
    name: "book-and-dog.png",
    url: new URL("../shared/samples/book-and-dog.png", import.meta.url).href,
  },
  { name: "frog.png", url: new URL("../shared/samples/frog.png", import.meta.url).href },
] as const;

export async function fetchSamples(): Promise<IncomingPicture[]> {
  return Promise.all(
    SAMPLES.map(async ({ name, url }) => ({ name, blob: await (await fetch(url)).blob() })),
  );
}
