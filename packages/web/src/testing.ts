/**
 * FAKES, for the tests of apps. Here is no model: every answer is one that a test has written. No production code may import
 * this entry, and the kit's other entries do not.
 *
 * @module
 */

export { createFakeVlm } from "./testing/fake-vlm.ts";
export type { FakeVlm, FakeVlmControls, FakeVlmOptions } from "./testing/fake-vlm.ts";
export { createFakeWorker } from "./testing/create-fake-worker.ts";
export type { FakeControls, FakeWorker } from "./testing/fake-worker.ts";
export { fakeError, VLM_ERROR_CODES } from "./testing/fake-error.ts";
export { fakeModel } from "./testing/fake-model.ts";
export { inOrder } from "./testing/script.ts";
export type {
  FakeAnswer,
  FakeLoad,
  FakeLoadRequest,
  FakeReply,
  FakeRequest,
  FakeScript,
} from "./testing/script.ts";
