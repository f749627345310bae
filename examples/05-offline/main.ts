/** Fetches everything once, then loads the model with every request forbidden. */

import { createModelLibrary, createVlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

const worker = () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" });
const model = tinyModel();
const progress = document.querySelector("progress")!;

const library = createModelLibrary({ worker });
await library.prepareOffline(model, {
  onProgress: ({ loadedBytes, totalBytes }) => (progress.value = loadedBytes / totalBytes),
});
await library.dispose();

const vlm = await createVlm({ worker, model, network: "none" });
const { text } = await vlm.caption(document.querySelector("img")!);
document.querySelector("output")!.textContent = text;
// A service worker that answers from the cache `CODE_CACHE` lets the page itself start offline: see ../pwa.
