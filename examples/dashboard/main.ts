/** A dashboard that shows what the kit does on this page while it captions an image. */

import { createModelLibrary, createVlm } from "@fastvlm-kit/web";
import { createOps } from "@fastvlm-kit/ops";
import { defineVlmDashboard, opsSource } from "@fastvlm-kit/ops/dashboard";
import { tinyModel } from "@fastvlm-kit/tiny";

const [image, output, caption, damage] = [
  document.querySelector("img")!,
  document.querySelector("output")!,
  document.querySelector<HTMLButtonElement>("#caption")!,
  document.querySelector<HTMLButtonElement>("#damage")!,
];
const ops = createOps();
const shared = {
  worker: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
  onMetric: ops.onMetric,
  onEvent: ops.onEvent,
} as const;
const library = createModelLibrary(shared);
defineVlmDashboard();

const vlm = await createVlm({ ...shared, model: tinyModel(), pool: { min: 1, max: 2 } });
document.querySelector("vlm-dashboard")!.source = opsSource(ops, {
  models: () => library.listModels(),
  health: () => vlm.health(),
  scaling: () => vlm.scalingStatus(),
  nodes: () => vlm.stats().pool.workers,
});
const show = async (source: Blob | HTMLImageElement): Promise<void> => {
  try {
    output.textContent = (await vlm.caption(source, { cache: false })).text;
  } catch (error) {
    output.textContent = error instanceof Error ? error.message : "It failed.";
  }
};
caption.onclick = () => show(image);
damage.onclick = () => show(new Blob(["no image"]));
caption.disabled = damage.disabled = false;
