/** The real client as a subject of the contract, in a page. */

import { createVlm, type ModelDescriptor, type Vlm } from "../../src/index.ts";
import { createFakeWorker, fakeModel, type FakeWorker } from "../../src/testing.ts";
import { CONTRACT_SCRIPT, otherRevisionOf } from "./fake-subject.ts";
import type { LibrarySubject } from "./library.ts";
import type { VlmSubject } from "./vlm-subject.ts";

export interface RealSubjectParts {
  readonly createWorker: () => Worker;
  readonly model: ModelDescriptor;
  /** What model and worker may take from the page's storage. */
  readonly cacheName: string;
  readonly prompt: string;
  readonly kill: (worker: Worker) => void;
}

/** The subject of a page with a model: the worker is the app's. */
export async function createPageSubject(parts: RealSubjectParts): Promise<VlmSubject> {
  const images = await Promise.all(["red", "green", "blue", "white"].map(drawBox));
  const canvas = new OffscreenCanvas(64, 64);
  const context = canvas.getContext("2d")!;
  let shade = 0;
  const change = (): void => {
    shade = 255 - shade;
    context.fillStyle = `rgb(${String(shade)}, ${String(shade)}, ${String(shade)})`;
    context.fillRect(0, 0, 64, 64);
  };
  change();
  let last: Worker | undefined;
  return {
    open: (options): Promise<Vlm> =>
      createVlm({
        model: parts.model,
        device: "wasm",
        cache: { name: parts.cacheName },
        ...options,
        worker: () => (last = parts.createWorker()),
      }),
    image: (number) => images[number]!,
    prompt: parts.prompt,
    video: { source: canvas, change },
    killWorker: () => {
      if (last) parts.kill(last);
    },
    otherRevision: () => otherRevisionOf(parts.model),
  };
}

/** A library with the app's worker, and a model that is small enough to be downloaded twice. */
export function createPageLibrarySubject({
  createWorker,
  model,
  cacheName,
}: Pick<RealSubjectParts, "createWorker" | "model" | "cacheName">): LibrarySubject {
  const models = [model, otherRevisionOf(model)] as const;
  return {
    createWorker,
    cache: { name: cacheName },
    models,
    async prepare(library) {
      for (const one of models) await library.prepareOffline(one, { device: "wasm" });
    },
  };
}

/** The subject of a page whose app has a fake worker. */
export function createFakeWorkerSubject(): Promise<VlmSubject> {
  let fake: FakeWorker | undefined;
  const started = (): FakeWorker => (fake ??= createFakeWorker(CONTRACT_SCRIPT));
  return createPageSubject({
    createWorker: () => started().worker(),
    model: fakeModel(),
    cacheName: "contract-fake",
    prompt: "What is this?",
    kill: () => {
      started().crash();
    },
  });
}

async function drawBox(colour: string): Promise<Blob> {
  const canvas = new OffscreenCanvas(96, 64);
  const context = canvas.getContext("2d")!;
  context.fillStyle = colour;
  context.fillRect(0, 0, 96, 64);
  // An image of one colour would get a hint.
  context.fillStyle = "black";
  context.fillRect(20, 16, 40, 32);
  return canvas.convertToBlob({ type: "image/png" });
}
