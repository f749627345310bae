/** Captions one picture, and shows what happened on the way, as JSON. */

import { createVlm, type VlmEvent } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

/** What the page shows. */
export interface Shown {
  readonly text: string;
  readonly events: readonly VlmEvent["type"][];
}

export function caption(worker: () => Worker): void {
  void show(worker);
}

async function show(worker: () => Worker): Promise<void> {
  const events: VlmEvent["type"][] = [];
  const vlm = await createVlm({
    worker,
    model: tinyModel(),
    device: "wasm",
    onEvent: ({ type }) => {
      // Each load reports its graphs and threads; here it counts what went otherwise than expected.
      if (type !== "graph-prepared" && type !== "threads-chosen") events.push(type);
    },
  });
  const { text } = await vlm.caption("/scenes/scene-05.png", { cache: false });
  const shown: Shown = { text, events };
  document.querySelector("output")!.textContent = JSON.stringify(shown);
}
