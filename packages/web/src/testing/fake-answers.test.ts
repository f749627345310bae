import { afterEach, describe, expect, it, vi } from "vitest";
import { VlmError } from "../protocol/errors.ts";
import type { DownloadProgress, GenerateEvent, VlmEvent } from "../protocol/result.ts";
import { DownloadControl } from "../api/download-control.ts";
import {
  createFakeVlm,
  fakeError,
  inOrder,
  VLM_ERROR_CODES,
  type FakeRequest,
  type FakeVlm,
} from "../testing.ts";

const image = new Blob(["an image"]);
const opened: FakeVlm[] = [];

async function open(...args: Parameters<typeof createFakeVlm>): Promise<FakeVlm> {
  const vlm = await createFakeVlm(...args);
  opened.push(vlm);
  return vlm;
}

async function collect(events: AsyncIterable<GenerateEvent>): Promise<GenerateEvent[]> {
  const all: GenerateEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

afterEach(async () => {
  for (const vlm of opened.splice(0)) await vlm.dispose();
});

describe("the answers of a fake", () => {
  it("come by caption preset, by prompt, and from a function of the request", async () => {
    const seen: FakeRequest[] = [];
    const vlm = await open({
      captions: { brief: "A cat.", "alt-text": "A cat on a mat." },
      prompts: { "What colour?": "Black." },
      answer: (request) => {
        seen.push(request);
        return `You asked: ${request.prompt}`;
      },
    });
    expect((await vlm.caption(image)).text).toBe("A cat.");
    expect((await vlm.caption(image, { preset: "alt-text" })).text).toBe("A cat on a mat.");
    const asked = await vlm.open(image);
    expect(await collect(asked.ask("What colour?"))).toContainEqual(
      expect.objectContaining({ type: "text-delta", text: "Black." }),
    );
    const events = await collect(vlm.generate({ prompt: "Why?", image, system: "Be short." }));
    expect(events.at(-1)).toMatchObject({ result: { text: "You asked: Why?" } });
    // The function gets the very object that the app passed.
    expect(seen).toMatchObject([{ task: "prompt", prompt: "Why?", system: "Be short." }]);
    expect(seen[0]!.images[0]).toBe(image);
    expect(vlm.fake.requests.map(({ task }) => task)).toEqual([
      "brief",
      "alt-text",
      "prompt",
      "prompt",
    ]);
  });

  it("are streamed in the pieces of the script, one after the other", async () => {
    const vlm = await open({ answer: { deltas: ["A c", "at", "."], deltaDelayMs: 5 } });
    const events = await collect(vlm.generate({ prompt: "What?" }));
    expect(events.flatMap((event) => (event.type === "text-delta" ? [event.text] : []))).toEqual([
      "A c",
      "at",
      ".",
    ]);
    expect(events.at(-1)).toMatchObject({ result: { text: "A cat.", tokens: { output: 3 } } });
  });

  it("can be one after the other, and the script can change", async () => {
    const vlm = await open({ answer: inOrder(fakeError("out-of-memory"), "A cat.") });
    await expect(vlm.caption(image)).rejects.toMatchObject({ code: "out-of-memory" });
    expect((await vlm.caption(image)).text).toBe("A cat.");
    vlm.fake.change({ answer: "A dog." });
    expect((await vlm.caption(image, { cache: false })).text).toBe("A dog.");
  });

  it("of choices have the probabilities of the script", async () => {
    const vlm = await open({
      prompts: {
        "Which animal?": { text: "dog", probabilities: [0.25, 0.75] },
        "It is a dog.": "Yes",
      },
    });
    expect(await vlm.choose(image, "Which animal?", ["cat", "dog"])).toMatchObject({
      choice: "dog",
      probability: 0.75,
    });
    expect(await vlm.check(image, "It is a dog.")).toMatchObject({ isTrue: true, probability: 1 });
    vlm.fake.change({ answer: "bird" });
    const wrong = vlm.choose(image, "Which pet?", ["cat", "dog"], { answerStart: "It is a" });
    await expect(wrong).rejects.toThrow(/"bird", which is none of the options/);
  });

  it("that nobody wrote are an error that names the request, also in the console", async () => {
    const written = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const vlm = await open();
    await expect(vlm.caption(image)).rejects.toThrow(
      'The fake has no answer to "Describe this image." (brief). Add it to `captions["brief"]`',
    );
    expect(written).toHaveBeenCalledOnce();
    written.mockRestore();
  });

  it("move with the clock of a test", async () => {
    vi.useFakeTimers();
    try {
      const vlm = await open({ answer: { text: "Late.", delayMs: 60_000 } });
      const call = vlm.caption(image, { timeoutMs: 20_000 });
      const rejected = expect(call).rejects.toMatchObject({
        code: "timeout",
        details: { timeoutMs: 20_000, stage: "prefill" },
      });
      for (let step = 0; step < 25; step++) await vi.advanceTimersByTimeAsync(1000);
      await rejected;
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("every error of the kit", () => {
  it.each(VLM_ERROR_CODES)("%s reaches the app as the kit's own", async (code) => {
    const error = fakeError(code);
    const vlm = await open({ answer: error });
    const thrown = await vlm.caption(image).catch((reason: unknown) => reason);
    expect(VlmError.is(thrown, code)).toBe(true);
    expect(thrown).toBeInstanceOf(VlmError);
    expect((thrown as VlmError).details).toEqual(error.details);
  });

  it("can refuse an image, or end a load", async () => {
    const vlm = await open({ image: fakeError("image-too-large"), answer: "A cat." });
    await expect(vlm.caption(image)).rejects.toMatchObject({ code: "image-too-large" });
    const load = { error: fakeError("download-failed", { status: 404, reason: "http-status" }) };
    await expect(createFakeVlm({ load })).rejects.toMatchObject({
      code: "download-failed",
      details: { status: 404 },
    });
  });
});

describe("a fake worker", () => {
  it("that loses its device is replaced, and the call is repeated once", async () => {
    const events: VlmEvent["type"][] = [];
    const vlm = await open(
      { answer: inOrder({ end: "device-lost" }, "A cat.") },
      { onEvent: ({ type }) => events.push(type) },
    );
    expect((await vlm.caption(image)).text).toBe("A cat.");
    expect(vlm.fake.requests).toHaveLength(2);
    expect(events).toEqual(["worker-restarted", "call-ended"]);
    const call = vlm.caption(image, { preset: "detailed", cache: false });
    vlm.fake.change({ answer: { end: "crash" } });
    await expect(call).rejects.toMatchObject({ code: "worker-crashed" });
  });

  it("that stands still is the case for a deadline, an abort and the end of the client", async () => {
    const vlm = await open({ answer: { end: "never" } });
    await expect(vlm.caption(image, { timeoutMs: 50 })).rejects.toMatchObject({ code: "timeout" });
    const controller = new AbortController();
    const aborted = expect(vlm.caption(image, { signal: controller.signal })).rejects.toThrow("no");
    controller.abort(new Error("no"));
    await aborted;
    const ended = expect(vlm.caption(image)).rejects.toThrow("disposed");
    await vlm.dispose();
    await ended;
  });

  it("downloads as the script says, and stops while the app pauses it", async () => {
    const progress: DownloadProgress[] = [];
    const control = new DownloadControl();
    const loading = open(
      { load: { delayMs: 400, download: { totalBytes: 1000, cachedBytes: 200, steps: 4 } } },
      {
        control,
        onProgress: (one) => {
          progress.push(one);
          if (progress.length === 1) control.pause();
        },
      },
    );
    await vi.waitFor(() => {
      expect(progress.at(-1)!.state).toBe("paused");
    });
    control.resume();
    await loading;
    expect(progress.map(({ loadedBytes }) => loadedBytes)).toEqual(
      progress.map(({ loadedBytes }) => loadedBytes).sort((a, b) => a - b),
    );
    expect(progress[0]).toMatchObject({ loadedBytes: 200, totalBytes: 1000, cachedBytes: 200 });
    await vi.waitFor(() => {
      expect(progress.at(-1)).toMatchObject({ loadedBytes: 1000, state: "downloading" });
    });
  });

  it("says what a test lets happen in it", async () => {
    const events: VlmEvent[] = [];
    const progress: DownloadProgress[] = [];
    const vlm = await open(
      { load: { runsOn: "webgpu" }, deviceCheck: fakeError("device-check-failed") },
      { onEvent: (event) => events.push(event), onProgress: (one) => progress.push(one) },
    );
    expect(vlm.device).toBe("webgpu");
    vlm.fake.emit({ type: "storage-degraded", reason: "full" });
    await vi.waitFor(() => {
      expect(events).toEqual([{ type: "storage-degraded", reason: "full" }]);
    });
    expect((await vlm.health({ deep: true })).status).toBe("fail");
  });

  it("is refused where there is no MessageChannel, with what to do", async () => {
    vi.stubGlobal("MessageChannel", undefined);
    await expect(createFakeVlm()).rejects.toThrow(/setupFiles/);
    vi.unstubAllGlobals();
  });
});

describe("many images", () => {
  it("reach the fake as the app's own objects, from an array and from a generator", async () => {
    const vlm = await open({ answer: ({ images }) => `${String((images[0] as Blob).size)} bytes` });
    const images = ["a", "bb", "ccc"].map((text) => new Blob([text]));
    const textsOf = async (given: Parameters<FakeVlm["captionMany"]>[0]) => {
      const texts: unknown[] = [];
      for await (const { result } of vlm.captionMany(given)) texts.push(result?.text);
      return texts;
    };
    const expected = ["1 bytes", "2 bytes", "3 bytes"];
    expect(await textsOf(images)).toEqual(expected);
    expect(await textsOf(images.values())).toEqual(expected);
    // The page remembers its images: the second run asked nothing.
    expect(vlm.fake.requests).toHaveLength(3);
  });
});
