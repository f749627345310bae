/** A question of the user's. The answer appears word by word, and a new question ends the old one. */

import { createVlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

const vlm = await createVlm({
  worker: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
  model: tinyModel(),
});
const [form, image, output] = [
  document.querySelector("form")!,
  document.querySelector("img")!,
  document.querySelector("output")!,
];
let current = new AbortController();

form.onsubmit = async (event) => {
  event.preventDefault();
  current.abort();
  const { signal } = (current = new AbortController());
  output.textContent = "";
  const prompt = document.querySelector("input")!.value;
  try {
    for await (const event of vlm.generate({ image, prompt, signal })) {
      if (event.type === "text-delta") output.append(event.text);
    }
  } catch (error) {
    if (!signal.aborted) output.textContent = String(error);
  }
};
