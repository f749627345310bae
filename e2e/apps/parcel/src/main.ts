import { createVlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

const input = document.querySelector("input")!;
const output = document.querySelector("output")!;

const vlm = await createVlm({
  worker: "/vlm/worker-wasm.bundle.js",
  model: tinyModel({ baseUrl: "/vlm/tiny/model" }),
});
input.disabled = false;
input.addEventListener("change", async () => {
  const { text } = await vlm.caption(input.files![0]!);
  output.textContent = text;
});
