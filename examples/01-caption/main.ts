/** The shortest way: one image in, one sentence out. */

import { createVlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

const vlm = await createVlm({
  worker: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
  model: tinyModel(),
});
const { text } = await vlm.caption(document.querySelector("img")!);
// The text comes from a model: show it as text, never as HTML.
document.querySelector("output")!.textContent = text;
