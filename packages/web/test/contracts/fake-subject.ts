/** The fake client as a subject of the contract, with answers that take a little time. */

import { createFakeVlm, fakeModel, type FakeScript, type FakeVlm } from "../../src/testing.ts";
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
    otherRevision: () => ({ ...fakeModel(), revision: "1".repeat(40) }),
  };
}
