import { createVlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

const input = document.querySelector("input")!;
const output = document.querySelector("output")!;

const vlm = await createVlm({
  worker: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
  model: tinyModel(),
  device: "wasm",
});
input.disabled = false;
input.addEventListener("change", async () => {
  const { text } = await vlm.caption(input.files![0]!);
  output.textContent = text;
});
