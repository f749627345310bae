import { expect, it } from "vitest";
import { makeCall, makeResult } from "../../test/results.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { createRecorder } from "../metrics/recorder.ts";
import type { GenerateEvent } from "../protocol/result.ts";
import { ActiveModel } from "./active-model.ts";
import type { LoadedWorker } from "./supervisor.ts";

it("waits for no other worker, neither to give an answer nor to give it again", async () => {
  const result = makeResult();
  const handle = { generate: () => Promise.resolve(result), cancel: () => undefined };
  const loaded = { handle, device: "wasm", model: result.model, fallback: undefined };
  // The worker dies as soon as it has answered, and the next one takes its time.
  const starts = [Promise.resolve(loaded as unknown as LoadedWorker)];
  const active = new ActiveModel(
    fastvlm05b(),
    {
      ready: () => starts.shift() ?? new Promise(() => undefined),
      replace: () => undefined,
      noteAnswer: () => undefined,
      noteFailure: () => undefined,
      dispose: () => Promise.resolve(),
    },
    { ...loaded, device: "webgpu" } as unknown as LoadedWorker,
    createRecorder(() => undefined, Date.now),
  );
  const events: GenerateEvent[] = [];
  const ask = () =>
    active.run({
      call: makeCall(),
      signal: undefined,
      timeoutMs: 1000,
      waitedMs: 0,
      onEvent: (event) => events.push(event),
    });
  expect(await ask()).toEqual(result);
  expect(active.latest.device).toBe("wasm");
  expect(await ask()).toMatchObject({ text: result.text, cached: true });
  expect(events.at(-1)).toEqual({ type: "text-delta", text: result.text });
});
