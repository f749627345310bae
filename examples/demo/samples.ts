/** Pictures of the kind that the embedded model knows. */

import { create, element } from "../shared/elements.ts";
import type { Picture } from "../shared/picture.ts";

// Spelled out one by one: the bundler finds files only by addresses that it can read.
export const SAMPLES: readonly [Picture, ...Picture[]] = [
  {
    name: "A crab and an alarm clock",
    source: new URL("../shared/samples/crab-and-clock.png", import.meta.url).href,
  },
  {
    name: "A book and a dog",
    source: new URL("../shared/samples/book-and-dog.png", import.meta.url).href,
  },
  {
    name: "A crown, a snowman and a fox",
    source: new URL("../shared/samples/crown-snowman-and-fox.png", import.meta.url).href,
  },
  {
    name: "A butterfly and a pencil",
    source: new URL("../shared/samples/butterfly-and-pencil.png", import.meta.url).href,
  },
  { name: "A frog", source: new URL("../shared/samples/frog.png", import.meta.url).href },
  {
    name: "A lion, a top hat and a pig",
    source: new URL("../shared/samples/lion-hat-and-pig.png", import.meta.url).href,
  },
];

/** @returns marks the sample that is on show, if it is one */
export function createSampleList(onPick: (picture: Picture) => void): (shown: Picture) => void {
  const buttons = SAMPLES.map((sample) => {
    const image = Object.assign(create("img"), { src: sample.source as string, alt: sample.name });
    const pick = Object.assign(create("button", {}, image), { type: "button" });
    pick.addEventListener("click", () => {
      onPick(sample);
    });
    return pick;
  });
  element("samples", HTMLUListElement).append(...buttons.map((pick) => create("li", {}, pick)));
  return (shown) => {
    buttons.forEach((pick, index) => {
      pick.setAttribute("aria-pressed", String(SAMPLES[index] === shown));
    });
  };
}
