/**
 * A page with one version of the kit, which answers questions about scenes on the embedded model, from WASM. `keep-version.ts`
 * keeps a build of it, so what it imports has to be what old versions have too.
 */

import { createModelLibrary, createVlm, type ModelDescriptor } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

/** What one visit of a user came to. */
export interface Visit {
  readonly answers: readonly {
    readonly text: string;
    readonly cached: boolean;
    /** How long it took to make the image ready for the encoder, in milliseconds; 0 if its features were known. */
    readonly preprocessMs: number;
  }[];
  readonly events: readonly string[];
  readonly models: readonly { readonly revision: string; readonly isComplete: boolean }[];
}

/** A question about a scene. */
export interface Question {
  readonly scene: string;
  readonly prompt: string;
}

function createWorker(): Worker {
  return new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" });
}

/** The model's files where the test server has them, so that a build need not have them. */
function model(): ModelDescriptor {
  const tiny = tinyModel();
  const files = Object.entries(tiny.files).map(
    ([path, file]) => [path, { ...file, url: `/models/tiny/${path}` }] as const,
  );
  return { ...tiny, files: Object.fromEntries(files) };
}

/** Loads the model, asks the questions one after the other, and leaves. */
async function visit(questions: readonly Question[]): Promise<Visit> {
  const events: string[] = [];
  const vlm = await createVlm({
    worker: createWorker,
    model: model(),
    device: "wasm",
    onEvent: ({ type }) => events.push(type),
  });
  const answers: Visit["answers"][number][] = [];
  for (const { scene, prompt } of questions) {
    const image = await (await fetch(scene)).blob();
    for await (const event of vlm.generate({ image, prompt })) {
      if (event.type !== "done") continue;
      const { text, cached, timings } = event.result;
      answers.push({ text, cached, preprocessMs: timings.preprocessMs });
    }
  }
  // What is remembered is written without anybody's waiting for it.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await vlm.dispose();
  const library = createModelLibrary({ worker: createWorker });
  const models = await library.listModels();
  await library.dispose();
  return {
    answers,
    events,
    models: models.map(({ revision, isComplete }) => ({ revision, isComplete })),
  };
}

declare global {
  interface Window {
    visit: typeof visit;
  }
}

window.visit = visit;
