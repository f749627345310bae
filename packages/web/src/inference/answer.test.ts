import { expect, it } from "vitest";
import { byteCodec, createFakeRuntime, END_ID } from "../../test/fake-runtime.ts";
import { makeCall } from "../../test/results.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { FASTVLM_IMAGES } from "../families/fastvlm/images.ts";
import { createSequenceCache } from "../generation/sequence-cache.ts";
import { createRecorder } from "../metrics/recorder.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createResultCache } from "../storage/result-cache.ts";
import { answer, type AnswerParts } from "./answer.ts";
import type { CallScope } from "./call-scope.ts";

const SCOPE: CallScope = {
  signal: new AbortController().signal,
  enqueuedAt: 0,
  send: () => undefined,
  enter: () => Promise.resolve(),
  checkpoint: () => Promise.resolve(),
};

it("does not wait until the answer is stored, and has it for the next call all the same", async () => {
  // A store on a drive that does not answer.
  const store = { ...createMemoryStore(), set: () => new Promise<void>(() => undefined) };
  const limits = { maxBytes: 1e6, maxAgeMs: Infinity, now: () => 0 };
  const runtime = createFakeRuntime([...byteCodec.encode("Hi."), END_ID]);
  const parts: AnswerParts = {
    info: { id: "test", revision: "1", variant: "int8" },
    runtime,
    codec: byteCodec,
    prompt: FASTVLM_PROMPT,
    byDefault: FASTVLM_IMAGES.byDefault,
    endIds: new Set([END_ID]),
    sequences: createSequenceCache(runtime, 0),
    images: { open: () => Promise.resolve([]), clear: () => undefined },
    sizes: { choose: () => 64, noteEncoding: () => undefined },
    results: createResultCache(store, limits),
    recorder: createRecorder(() => undefined, Date.now),
  };
  const ask = () => answer(parts, makeCall(), SCOPE);
  expect(await ask()).toMatchObject({ text: "Hi.", cached: false });
  expect(await ask()).toMatchObject({ text: "Hi.", cached: true });
});
