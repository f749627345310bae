/** Several questions about one image: the vision encoder runs once, when the image is opened. */

import { createVlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

const QUESTIONS = ["Describe this image.", "How many objects are there?"];

const vlm = await createVlm({
  worker: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
  model: tinyModel(),
});
const opened = await vlm.open(document.querySelector("img")!);
for (const question of QUESTIONS) {
  const item = document.createElement("li");
  document.querySelector("ol")!.append(item);
  item.append(`${question} `);
  for await (const event of opened.ask(question)) {
    if (event.type === "text-delta") item.append(event.text);
    // The image's positions are in the KV cache after the first question.
    if (event.type === "done") item.title = `${event.result.tokens.reused} positions reused`;
  }
}
opened.close();
