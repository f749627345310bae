/** A camera: the newest frame is captioned whenever the scene has changed. */

import { createVlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

const [video, output, button] = [
  document.querySelector("video")!,
  document.querySelector("output")!,
  document.querySelector("button")!,
];
const vlm = await createVlm({
  worker: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
  model: tinyModel(),
});

button.onclick = async () => {
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  vlm.watch(video, {
    onCaption: ({ text }) => (output.textContent = text),
    // One frame failed. The watch goes on with the next one.
    onError: (error) => (output.textContent = error.message),
  });
};
