import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeResult } from "../../test/results.ts";
import { THUMBNAIL_SIDE } from "../image/tensor/frame-difference.ts";
import { VlmError, type VlmErrorCode, type VlmErrorDetails } from "../protocol/errors.ts";
import type { VlmResult } from "../protocol/result.ts";
import type { FrameSource } from "./frame-source.ts";
import type { CaptionOptions, GenerateRequest } from "../api/calls.ts";
import { FASTVLM_SIDES } from "../families/fastvlm/sides.ts";
import { waitFor } from "../shared/abortable-wait.ts";
import { watchFrames, watchVideo, type Asked } from "./watch.ts";
import type { VideoSource, WatchOptions, WatchResult } from "../api/watch.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Frames of one brightness each, shown by the test. */
class FakeFrames implements FrameSource {
  readonly image = {} as VideoSource;
  brightness = 0;
  isReadable = true;
  isLive = true;
  mediaTime: number | undefined = 0;
  looks = 0;
  readonly #waiting = new Set<() => void>();

  /** How many waits were not undone. */
  get waits(): number {
    return this.#waiting.size;
  }

  show(brightness: number): void {
    this.brightness = brightness;
    this.#wake();
  }

  setLive(isLive: boolean): void {
    this.isLive = isLive;
    this.#wake();
  }

  thumbnail(): Uint8ClampedArray | undefined {
    this.looks += 1;
    if (!this.isReadable) return undefined;
    return new Uint8ClampedArray(THUMBNAIL_SIDE ** 2 * 4).fill(this.brightness);
  }

  async whenLive(signal: AbortSignal): Promise<void> {
    while (!this.isLive) await this.whenNext(signal);
  }

  whenNext(signal: AbortSignal): Promise<void> {
    return waitFor(signal, (resume) => {
      this.#waiting.add(resume);
      return () => this.#waiting.delete(resume);
    });
  }

  #wake(): void {
    for (const resume of [...this.#waiting]) resume();
  }
}

interface Question {
  /** Of the frame that was there. */
  readonly brightness: number;
  readonly options: CaptionOptions | GenerateRequest;
  readonly answer: (result?: VlmResult) => void;
  readonly fail: (error: unknown) => void;
}

function open(
  options: Partial<WatchOptions> = {},
  { disposed = new AbortController().signal, isLive = true } = {},
) {
  const frames = new FakeFrames();
  frames.isLive = isLive;
  const questions: Question[] = [];
  const captions: WatchResult[] = [];
  const ask = (given: CaptionOptions | GenerateRequest): Promise<VlmResult> =>
    new Promise((resolve, reject) => {
      const { brightness } = frames;
      questions.push({
        brightness,
        options: given,
        answer: (result = makeResult({ text: `brightness ${brightness}` })) => {
          resolve(result);
        },
        fail: reject,
      });
      given.signal?.addEventListener("abort", () => {
        reject(given.signal?.reason as Error);
      });
    });
  const vlm: Asked = {
    caption: (_, given = {}) => ask(given),
    async *generate(request) {
      yield { type: "queued", position: 0 };
      yield { type: "done", result: await ask(request) };
    },
  };
  const watch = watchFrames(
    vlm,
    frames,
    { onCaption: (caption) => captions.push(caption), ...options },
    disposed,
  );
  return { watch, frames, questions, captions };
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

const lost = new VlmError("device-lost", "The GPU was lost.", { reason: "test" });

describe("what is asked about", () => {
  it("asks about a later frame where the queue of calls is full, which is no failure", async () => {
    const { watch, frames, questions, captions } = open();
    await pass(0);
    const full = { reason: "max-queue", limit: 0, waiting: 0, retryAfterMs: 700 } as const;
    questions[0]!.fail(new VlmError("queue-full", "Full.", full));
    frames.show(100);
    await pass(699);
    expect(questions).toHaveLength(1);
    await pass(1);
    questions[1]!.answer();
    await pass(0);
    expect(captions.map(({ text }) => text)).toEqual(["brightness 100"]);
    watch.stop();
  });

  it("asks about the first frame at once and gives its caption, with its place in the video", async () => {
    const { watch, frames, questions, captions } = open();
    frames.mediaTime = 12.5;
    await pass(0);
    frames.mediaTime = 13;
    questions[0]!.answer();
    await pass(0);
    expect(captions).toEqual([{ ...makeResult({ text: "brightness 0" }), mediaTime: 12.5 }]);
    watch.stop();
  });

  it("asks one question at a time, and then about the newest frame", async () => {
    const { watch, frames, questions, captions } = open();
    await pass(0);
    for (const brightness of [50, 100, 150]) {
      frames.show(brightness);
      await pass(1000);
    }
    expect(questions).toHaveLength(1);
    questions[0]!.answer();
    await pass(1000);
    frames.show(200);
    await pass(2000);
    questions[1]!.answer();
    await pass(0);
    expect(questions.map(({ brightness }) => brightness)).toEqual([0, 200]);
    expect(captions.map(({ text }) => text)).toEqual(["brightness 0", "brightness 200"]);
    watch.stop();
  });

  it("asks about a frame that came during the last question when none came after", async () => {
    const { watch, frames, questions } = open();
    await pass(0);
    frames.show(100);
    questions[0]!.answer();
    await pass(500);
    expect(questions[1]?.brightness).toBe(100);
    watch.stop();
  });

  it("skips frames nearly the same as the last that was asked about", async () => {
    const { watch, frames, questions } = open();
    await pass(0);
    questions[0]!.answer();
    await pass(500);
    for (const brightness of [3, 6, 9, 12]) {
      frames.show(brightness);
      await pass(500);
    }
    expect(questions).toHaveLength(1);
    expect(frames.looks).toBe(6);
    // A step of 3 again, but 15 from the frame of the last caption.
    frames.show(15);
    await pass(500);
    expect(questions[1]?.brightness).toBe(15);
    watch.stop();
  });

  it("takes another `changeThreshold`, and asks about every frame with 0", async () => {
    const coarse = open({ changeThreshold: 0.5 });
    const every = open({ changeThreshold: 0 });
    await pass(0);
    for (const { questions, frames } of [coarse, every]) {
      questions[0]!.answer();
      frames.show(100);
    }
    await pass(500);
    expect(coarse.questions).toHaveLength(1);
    expect(every.questions).toHaveLength(2);
    every.questions[1]!.answer();
    await pass(500);
    expect(every.questions).toHaveLength(3);
    coarse.watch.stop();
    every.watch.stop();
  });

  it("asks about frames that it cannot compare", async () => {
    const { watch, frames, questions } = open();
    frames.isReadable = false;
    await pass(0);
    questions[0]!.answer();
    await pass(500);
    expect(questions).toHaveLength(2);
    watch.stop();
  });

  it("asks nothing while there is nothing to see, and goes on when there is", async () => {
    const { watch, frames, questions } = open({}, { isLive: false });
    await pass(10_000);
    expect(questions).toHaveLength(0);
    frames.setLive(true);
    await pass(0);
    expect(questions).toHaveLength(1);
    frames.setLive(false);
    questions[0]!.answer();
    frames.show(100);
    await pass(60_000);
    expect(questions).toHaveLength(1);
    frames.setLive(true);
    await pass(0);
    expect(questions[1]?.brightness).toBe(100);
    watch.stop();
  });

  it("passes the options of a call on, and keeps answers out of the cache", async () => {
    const caption = open({ preset: "detailed", maxNewTokens: 7, fit: "crop" });
    const question = open({ prompt: "Is the door open?", timeoutMs: 5 });
    await pass(0);
    expect(caption.questions[0]!.options).toMatchObject({
      preset: "detailed",
      maxNewTokens: 7,
      fit: "crop",
      cache: false,
    });
    expect(question.questions[0]!.options).toMatchObject({
      prompt: "Is the door open?",
      image: question.frames.image,
      timeoutMs: 5,
      cache: false,
    });
    question.questions[0]!.answer();
    await pass(0);
    expect(question.captions).toHaveLength(1);
    caption.watch.stop();
    question.watch.stop();
  });
});

describe("when it asks", () => {
  /** When each question was asked, with answers that take `answerMs`. */
  async function askedAt(answerMs: number, options: Partial<WatchOptions> = {}): Promise<number[]> {
    const { watch, questions } = open({ changeThreshold: 0, ...options });
    const times: number[] = [];
    const start = performance.now();
    await pass(0);
    for (let round = 0; round < 3; round += 1) {
      times.push(performance.now() - start);
      await pass(answerMs);
      questions[round]!.answer();
      while (questions.length === round + 1) await pass(10);
    }
    watch.stop();
    return times;
  }

  it("waits half a second from question to question when answers are quick", async () => {
    expect(await askedAt(100)).toEqual([0, 500, 1000]);
  });

  it("rests for as long as an answer took when answers are slow", async () => {
    expect(await askedAt(2000)).toEqual([0, 4000, 8000]);
  });

  it("takes another `minIntervalMs`", async () => {
    expect(await askedAt(100, { minIntervalMs: 5000 })).toEqual([0, 5000, 10_000]);
    expect(await askedAt(100, { minIntervalMs: 0 })).toEqual([0, 200, 400]);
  });

  it("rests half a minute at most, also after an answer during which the page slept", async () => {
    expect(await askedAt(3_600_000)).toEqual([0, 3_630_000, 7_260_000]);
  });
});

describe("how it ends", () => {
  it("ends the question in flight with stop(), gives no more captions and resolves `done`", async () => {
    const { watch, frames, questions, captions } = open();
    await pass(0);
    const { signal } = questions[0]!.options;
    expect(signal?.aborted).toBe(false);
    watch.stop();
    expect(signal?.aborted).toBe(true);
    await watch.done;
    frames.show(100);
    await pass(60_000);
    expect(questions).toHaveLength(1);
    expect(captions).toEqual([]);
  });

  it("gives no caption that arrived just before stop()", async () => {
    const { watch, questions, captions } = open();
    await pass(0);
    questions[0]!.answer();
    watch.stop();
    await watch.done;
    await pass(1000);
    expect(captions).toEqual([]);
  });

  it("reports no error for a question that stop() ended", async () => {
    const onError = vi.fn();
    const { watch } = open({ onError });
    await pass(0);
    watch.stop();
    await watch.done;
    expect(onError).not.toHaveBeenCalled();
  });

  it("reports no error that arrived just before stop()", async () => {
    const onError = vi.fn();
    const { watch, questions } = open({ onError });
    await pass(0);
    questions[0]!.fail(lost);
    watch.stop();
    await watch.done;
    expect(onError).not.toHaveBeenCalled();
  });

  it("can be stopped by its own callback, and twice", async () => {
    const { watch, questions } = open({
      changeThreshold: 0,
      onCaption: () => {
        watch.stop();
      },
    });
    await pass(0);
    questions[0]!.answer();
    await watch.done;
    watch.stop();
    await pass(60_000);
    expect(questions).toHaveLength(1);
  });

  it("ends with the app's signal, also with one that is aborted already", async () => {
    const controller = new AbortController();
    const { watch, questions } = open({ signal: controller.signal });
    await pass(0);
    controller.abort(new Error("enough"));
    await watch.done;
    expect(questions[0]!.options.signal?.reason).toEqual(new Error("enough"));
    const never = open({ signal: AbortSignal.abort() });
    await never.watch.done;
    expect(never.questions).toHaveLength(0);
  });

  it.each<[string, { isLive: boolean; thenMs?: number }]>([
    ["a pause", { isLive: false }],
    ["the same frame", { isLive: true, thenMs: 1000 }],
    ["a rest", { isLive: true, thenMs: 1 }],
  ])("leaves no timer and no wait behind when stopped during %s", async (_, { isLive, thenMs }) => {
    const { watch, frames, questions } = open({}, { isLive });
    await pass(0);
    questions[0]?.answer();
    await pass(thenMs ?? 0);
    expect(vi.getTimerCount() + frames.waits).toBe(1);
    watch.stop();
    await watch.done;
    expect(vi.getTimerCount() + frames.waits).toBe(0);
  });

  it("rejects `done` when the client is disposed of, also between questions", async () => {
    const disposing = new AbortController();
    const { watch, questions, frames } = open({ onError: vi.fn() }, { disposed: disposing.signal });
    await pass(0);
    questions[0]!.answer();
    await pass(1000);
    const reason = new DOMException("Disposed.", "InvalidStateError");
    disposing.abort(reason);
    await expect(watch.done).rejects.toBe(reason);
    expect(frames.waits).toBe(0);
  });
});

describe("errors", () => {
  it("reports one frame's error and goes on, about the same frame where it is still there", async () => {
    const onError = vi.fn();
    const { watch, frames, questions, captions } = open({ onError });
    await pass(0);
    questions[0]!.answer();
    frames.show(100);
    await pass(500);
    questions[1]!.fail(lost);
    await pass(1000);
    expect(onError.mock.calls).toEqual([[lost]]);
    questions[2]!.answer();
    await pass(0);
    expect(captions.map(({ text }) => text)).toEqual(["brightness 0", "brightness 100"]);
    watch.stop();
  });

  it("tries what fails again and again less and less often, and anew after an answer", async () => {
    const { watch, frames, questions } = open({ onError: () => undefined });
    const start = performance.now();
    const times: number[] = [];
    await pass(0);
    for (let round = 0; round < 7; round += 1) {
      times.push(performance.now() - start);
      questions[round]!.fail(lost);
      while (questions.length === round + 1) await pass(100);
    }
    expect(times).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 61_000]);
    questions[7]!.answer();
    frames.show(100);
    await pass(500);
    questions[8]!.fail(lost);
    await pass(1000);
    expect(questions).toHaveLength(10);
    watch.stop();
  });

  it("ends with the first error where there is no `onError`", async () => {
    const { watch, questions } = open();
    await pass(0);
    questions[0]!.fail(lost);
    await expect(watch.done).rejects.toBe(lost);
    await pass(60_000);
    expect(questions).toHaveLength(1);
  });

  /** Whether a watch with `onError` goes on after `error`. */
  async function survives(error: unknown): Promise<boolean> {
    const onError = vi.fn();
    const { watch, questions } = open({ onError });
    const ended = watch.done.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await pass(0);
    questions[0]!.fail(error);
    await pass(1000);
    const goesOn = questions.length === 2;
    watch.stop();
    expect(await ended).toBe(goesOn ? undefined : error);
    expect(onError.mock.calls).toEqual(goesOn ? [[error]] : []);
    return goesOn;
  }

  const details: { readonly [Code in VlmErrorCode]?: readonly VlmErrorDetails[Code][] } = {
    "session-failed": [
      { device: "wasm", stage: "create", graph: "decoder" },
      { device: "wasm", stage: "run", graph: "decoder" },
    ],
    "image-unreadable": [{ reason: "cross-origin" }, { reason: "not-ready" }],
  };

  it.each<[VlmErrorCode, readonly boolean[]]>([
    ["environment-unsupported", [false]],
    ["license-not-accepted", [false]],
    ["download-failed", [true]],
    ["network-forbidden", [false]],
    ["model-invalid", [false]],
    ["no-device", [false]],
    ["session-failed", [false, true]],
    ["device-check-failed", [false]],
    ["device-lost", [true]],
    ["out-of-memory", [true]],
    ["worker-crashed", [true]],
    ["timeout", [true]],
    ["image-too-large", [true]],
    ["image-unreadable", [false, true]],
    ["context-overflow", [false]],
    ["generation-failed", [true]],
  ])("of the code %s leave it going or not: %j", async (code, expected) => {
    const variants = details[code] ?? [{} as VlmErrorDetails[VlmErrorCode]];
    const seen: boolean[] = [];
    for (const variant of variants) seen.push(await survives(new VlmError(code, code, variant)));
    expect(seen).toEqual(expected);
  });

  it("of other classes end it", async () => {
    expect(await survives(new TypeError("wrong argument"))).toBe(false);
    expect(await survives(new DOMException("disposed", "InvalidStateError"))).toBe(false);
  });

  it("that callbacks throw go to the page's error event, and the watch goes on", async () => {
    const reportError = vi.fn();
    vi.stubGlobal("reportError", reportError);
    const { watch, frames, questions } = open({
      onCaption: () => {
        throw new Error("in onCaption");
      },
      onError: () => {
        throw new Error("in onError");
      },
    });
    await pass(0);
    questions[0]!.answer();
    frames.show(100);
    await pass(500);
    questions[1]!.fail(lost);
    await pass(1000);
    expect(questions).toHaveLength(3);
    expect(reportError.mock.calls).toEqual([
      [new Error("in onCaption")],
      [new Error("in onError")],
    ]);
    watch.stop();
  });
});

describe("wrong arguments", () => {
  const vlm = {} as Asked;
  const { signal } = new AbortController();
  const onCaption = (): void => undefined;

  it.each<[string, unknown]>([
    ["onCaption", {}],
    ["prompt", { onCaption, prompt: " " }],
    ["minIntervalMs", { onCaption, minIntervalMs: -1 }],
    ["changeThreshold", { onCaption, changeThreshold: 2 }],
    ["detail", { onCaption, detail: 100 }],
  ])("are named at once: %s", (name, options) => {
    const settings = { sides: FASTVLM_SIDES, disposed: signal };
    expect(() => watchVideo(vlm, {} as VideoSource, options as WatchOptions, settings)).toThrow(
      new RegExp(`^Expected \`${name}\``),
    );
  });
});
