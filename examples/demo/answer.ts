/** Asks the model, and hands the text on as it comes. */

import type { CaptionPresetName, VlmResult } from "@fastvlm-kit/web";
import type { LoadedModel } from "./model-slot.ts";
import type { Picture } from "../shared/picture.ts";

export type Task =
  | { readonly kind: "caption"; readonly preset: CaptionPresetName }
  | { readonly kind: "question"; readonly prompt: string };

export interface AnswerOptions {
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
}

// A model for photos on a CPU takes longer than the kit's half a minute, and there is a Stop button.
const TIMEOUT_MS = 300_000;

export async function answer(
  { vlm, descriptor }: LoadedModel,
  picture: Picture,
  task: Task,
  { signal, onText }: AnswerOptions,
): Promise<VlmResult> {
  const image = picture.source;
  // Alt text is for pasting elsewhere: it comes whole and trimmed. Everything else streams.
  if (task.kind === "caption" && task.preset === "alt-text") {
    return vlm.caption(image, { preset: task.preset, signal, timeoutMs: TIMEOUT_MS });
  }
  const request =
    task.kind === "caption" ? descriptor.captions[task.preset] : { prompt: task.prompt };
  for await (const event of vlm.generate({ ...request, image, signal, timeoutMs: TIMEOUT_MS })) {
    if (event.type === "text-delta") onText(event.text);
    if (event.type === "done") return event.result;
  }
  throw new Error("The answer ended early. Ask again.");
}

const CAPTION_NAMES: Readonly<Record<CaptionPresetName, string>> = {
  brief: "Brief caption",
  detailed: "Detailed caption",
  "alt-text": "Alt text",
};

export function taskInWords(task: Task): string {
  return task.kind === "caption" ? CAPTION_NAMES[task.preset] : task.prompt;
}
