/** The fake client as a subject of the contract, with answers that take a little time. */

import { createFakeVlm, fakeModel, type FakeScript, type FakeVlm } from "../../src/testing.ts";
import { createScriptedWorker, type FakeWorker } from "../../src/testing/fake-worker.ts";
import type { ModelDescriptor } from "../../src/protocol/model-descriptor.ts";
import type { StoredModel } from "../../src/protocol/storage.ts";
import type { LibrarySubject } from "./library.ts";
import type { VlmSubject } from "./vlm-subject.ts";

/** Answers for every check. */
export const CONTRACT_SCRIPT: FakeScript = {
  captions: { brief: { text: "A cat on a mat.", delayMs: 20, deltaDelayMs: 2 } },
  prompts: {
    "What colour is it?": "blue",
    "It is red.": { text: "No", probabilities: [0.25, 0.75] },
    "How bright is it?": { text: "2", probabilities: [0.25, 0.5, 0.25] },
  },
  answer: { text: "It is a cat, and it sits on a mat.", delayMs: 20, deltaDelayMs: 2 },
};

export function createFakeSubject(): VlmSubject {
  let last: FakeVlm | undefined;
  const images = new Map<number, Blob>();
  return {
    async open(options) {
      last = await createFakeVlm(CONTRACT_SCRIPT, options);
      return last;
    },
    image(number) {
      const image = images.get(number) ?? new Blob([String(number)]);
      images.set(number, image);
      return image;
    },
    prompt: "What is this?",
    video: {
      source: {} as HTMLVideoElement,
      change: () => {
        last?.fake.showFrame();
      },
    },
    killWorker: () => {
      last?.fake.crash();
    },
    otherRevision: () => otherRevisionOf(fakeModel()),
  };
}

/** Two stored revisions of the model that does not exist. */
const STORED_MODELS = [stored(fakeModel(), 30), stored(otherRevisionOf(fakeModel()), 100)];

/** A library whose worker has them. */
export function createFakeLibrarySubject(
  create: (script: FakeScript) => FakeWorker = createScriptedWorker,
): LibrarySubject {
  const fake = create({});
  return {
    createWorker: fake.worker,
    models: [fakeModel(), otherRevisionOf(fakeModel())],
    prepare: () => {
      fake.change({ models: STORED_MODELS });
      return Promise.resolve();
    },
  };
}

export function otherRevisionOf(model: ModelDescriptor): ModelDescriptor {
  return { ...model, revision: "1".repeat(40) };
}

function stored({ id, revision, license }: ModelDescriptor, bytes: number): StoredModel {
  return {
    id,
    revision,
    license: license.id,
    storedBytes: bytes,
    totalBytes: bytes,
    isComplete: true,
    isInUse: false,
    storedAt: 1,
    usedAt: 2,
  };
}
