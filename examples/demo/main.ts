/** The demo: one picture, one model, one answer at a time. */

import { tinyModel } from "@fastvlm-kit/tiny";
import {
  checkSupport,
  type CaptionPresetName,
  type ModelDescriptor,
  type VlmEvent,
  type VlmOptions,
  type VlmResult,
} from "@fastvlm-kit/web";
import { createAnswerPanel } from "./answer-panel.ts";
import { answer, taskInWords, type Task } from "./answer.ts";
import { createCameraDialog } from "../shared/camera.ts";
import { button, create, element } from "../shared/elements.ts";
import { createLoadProgress } from "./load-progress.ts";
import { ModelSlot } from "./model-slot.ts";
import { createPhotosDialog } from "./photos-dialog.ts";
import { listenForPictures } from "./picture-sources.ts";
import type { Picture } from "../shared/picture.ts";
import { createPictureView, isPictureError } from "./picture.ts";
import { reportRun } from "./run-report.ts";
import { createSampleList, SAMPLES } from "./samples.ts";
import { errorInWords } from "../shared/words.ts";

const SUGGESTIONS = [
  "What is on the left?",
  "How many objects are there?",
  "What color is the background?",
  "Is there a dog?",
];

const models = new ModelSlot();
let answering: AbortController | undefined;

const panel = createAnswerPanel(() => answering?.abort());
const picture = createPictureView(SAMPLES[0], createSampleList(describe));
const progress = createLoadProgress({
  box: "loading",
  step: "loading-step",
  bar: "loading-progress",
  bytes: "loading-bytes",
});
const retry = button("retry", () => void loadEmbedded());
const openPhotos = button("open-photos", createPhotosDialog(takeIntoUse));
const useEmbedded = button("use-embedded", () => void goBack());
// Where the opening button is gone, the focus needs another place; on a hidden button this does nothing.
element("photos", HTMLDialogElement).addEventListener("close", () => {
  useEmbedded.focus();
});

listenForPictures(describe, panel.showProblem);
button("open-camera", createCameraDialog(describe));
listenForQuestions();
const loading = loadEmbedded();
// What `fastvlm-check` asks of a deployed app.
Object.assign(globalThis, {
  fastvlm: {
    vlm: loading.then(() => models.loaded?.vlm),
    checkSupport: () => checkSupport({ model: tinyModel() }),
  },
});
await loading;

async function loadEmbedded(): Promise<void> {
  retry.hidden = true;
  openPhotos.disabled = useEmbedded.disabled = true;
  panel.showProblem("");
  progress.begin("Looking at what this browser can do");
  try {
    const model = tinyModel();
    const { isSupported, missing } = await checkSupport({ model });
    if (isSupported) await takeIntoUse(model, { onProgress: progress.onProgress });
    else panel.showProblem(`This browser cannot run the model. Missing: ${missing.join(", ")}.`);
  } catch (error) {
    panel.showProblem(errorInWords(error));
    retry.hidden = models.loaded !== undefined;
  } finally {
    progress.hide();
    openPhotos.disabled = useEmbedded.disabled = false;
  }
}

async function goBack(): Promise<void> {
  await loadEmbedded();
  openPhotos.focus();
}

/** Loads a model and shows at once what it makes of the picture. */
async function takeIntoUse(
  model: ModelDescriptor,
  options: Pick<VlmOptions, "signal" | "onProgress">,
): Promise<void> {
  const loaded = await models.load(model, { ...options, onEvent: tellOf });
  const isEmbedded = model.id === tinyModel().id;
  element("embedded-scope", HTMLElement).hidden = !isEmbedded;
  element("photos-scope", HTMLElement).hidden = isEmbedded;
  element("ask", HTMLFieldSetElement).disabled = false;
  progress.hide();
  reportRun(loaded);
  void run({ kind: "caption", preset: "brief" });
}

function describe(chosen: Picture): void {
  picture.show(chosen);
  void run({ kind: "caption", preset: "brief" });
}

/** Answers one task; a newer one takes its place. Before the model is loaded there is nothing to do. */
async function run(task: Task): Promise<void> {
  const { loaded } = models;
  if (!loaded) return;
  answering?.abort();
  const controller = new AbortController();
  const { signal } = controller;
  answering = controller;
  const onText = (text: string): void => {
    if (answering === controller) panel.append(text);
  };
  panel.begin(taskInWords(task));
  try {
    const result = await answer(loaded, picture.current, task, { signal, onText });
    if (answering !== controller) return;
    picture.keep();
    panel.finish(result.text, noteOf(result));
    reportRun(loaded, result);
  } catch (error) {
    // Ended by a newer task, or with its model: what took over shows itself.
    if (answering !== controller || models.loaded !== loaded) return;
    if (signal.aborted) panel.stop();
    else {
      panel.fail();
      panel.showProblem(errorInWords(error));
      if (isPictureError(error)) picture.restore();
    }
  }
}

function noteOf({ finishReason, cached }: VlmResult): string {
  if (finishReason === "length") return "Cut off: the answer reached its greatest length";
  return cached ? "From cache" : "";
}

function listenForQuestions(): void {
  for (const preset of ["brief", "detailed", "alt-text"] satisfies CaptionPresetName[]) {
    button(`caption-${preset}`, () => void run({ kind: "caption", preset }));
  }
  const question = element("question", HTMLInputElement);
  element("question-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const prompt = question.value.trim();
    if (prompt !== "") void run({ kind: "question", prompt });
  });
  const chips = SUGGESTIONS.map((prompt) => {
    const chip = Object.assign(create("button", { textContent: prompt }), { type: "button" });
    chip.addEventListener("click", () => {
      question.value = prompt;
      void run({ kind: "question", prompt });
    });
    return chip;
  });
  element("suggestions", HTMLElement).append(...chips);
}

/** What happened on the side. A fallback is among the facts of the run already. */
function tellOf(event: VlmEvent): void {
  const notice = element("notice", HTMLElement);
  if (event.type === "worker-restarted")
    notice.textContent = `The model was started afresh (${event.reason}).`;
  if (event.type === "storage-degraded") {
    notice.textContent = `Nothing is kept beyond this visit: ${event.reason}`;
  }
}
