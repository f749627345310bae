import { describe, expect, it, vi } from "vitest";
import { makeResult } from "../../test/results.ts";
import type {
  CaptionManyOptions,
  CaptionManyProgress,
  CaptionOutcome,
} from "../api/caption-many.ts";
import type { CaptionOptions } from "../api/calls.ts";
import type { ImageSource } from "../api/image-source.ts";
import { VlmError } from "../protocol/errors.ts";
import { captionMany, type ManyCaptioner } from "./caption-many.ts";

/** Answers with the address of the image, after as many milliseconds as the address says. */
function createCaptioner(
  fail: (image: string, attempt: number) => Error | undefined = () => undefined,
) {
  const asked: { image: string; options: CaptionOptions }[] = [];
  let running = 0;
  const seen = { most: 0 };
  const captioner: ManyCaptioner = {
    mostCalls: 1,
    async caption(image: ImageSource, options) {
      const address = image as string;
      asked.push({ image: address, options });
      seen.most = Math.max(seen.most, ++running);
      try {
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(resolve, Number(/\d+/.exec(address)?.[0] ?? 0));
          options.signal?.addEventListener("abort", () => {
            clearTimeout(timer);
            reject(options.signal?.reason as Error);
          });
          if (options.signal?.aborted) reject(options.signal.reason as Error);
        });
        const error = fail(address, asked.filter((one) => one.image === address).length);
        if (error) throw error;
        return { ...makeResult(), text: address };
      } finally {
        running--;
      }
    },
  };
  return { captioner, asked, seen };
}

async function collect(outcomes: AsyncIterable<CaptionOutcome>): Promise<string[]> {
  const all: string[] = [];
  for await (const { key, result, error } of outcomes) {
    all.push(`${key}: ${result?.text ?? error?.message ?? ""}`);
  }
  return all;
}

const run = (
  captioner: ManyCaptioner,
  images: Parameters<typeof captionMany>[1],
  options: CaptionManyOptions = {},
) => captionMany(captioner, images, options);

describe("captions of many images", () => {
  it("come in the order of the images, or as they are done", async () => {
    const images = ["a 2000", "b 5", "c 5"];
    const { captioner } = createCaptioner();
    const inOrder = collect(run(captioner, images));
    expect(await collect(run(captioner, images, { order: "done" }))).toEqual([
      "1: b 5",
      "2: c 5",
      "0: a 2000",
    ]);
    expect(await inOrder).toEqual(["0: a 2000", "1: b 5", "2: c 5"]);
  });

  it("are made a few at a time, and images are taken only then", async () => {
    const { captioner, seen, asked } = createCaptioner();
    let taken = 0;
    async function* images() {
      for (let n = 0; n < 6; n++) {
        taken++;
        yield await Promise.resolve(`${String.fromCharCode(97 + n)} 5`);
      }
    }
    const outcomes = run(captioner, images());
    await outcomes.next();
    expect(taken).toBe(2);
    expect(await collect(outcomes)).toHaveLength(5);
    expect(seen.most).toBe(2);
    expect(asked.every(({ options }) => options.priority === "background")).toBe(true);

    const wide = createCaptioner();
    await collect(run(wide.captioner, ["a", "b", "c", "d"], { concurrency: 3 }));
    expect(wide.seen.most).toBe(3);
  });

  it("go on after one that fails, and say how far they are", async () => {
    const wrong = new VlmError("image-unsupported", "No image.", {
      mimeType: "text/plain",
    } as never);
    const { captioner } = createCaptioner((image) => (image === "b" ? wrong : undefined));
    const progress: CaptionManyProgress[] = [];
    const outcomes = run(captioner, ["a", "b", "c"], { onProgress: (one) => progress.push(one) });
    expect(await collect(outcomes)).toEqual(["0: a", "1: No image.", "2: c"]);
    expect(progress.at(-1)).toEqual({ answered: 2, failed: 1, skipped: 0, total: 3 });
  });

  it("leave out what an earlier run has done, by key", async () => {
    const { captioner, asked } = createCaptioner();
    const done = new Set(["one"]);
    const images = ["one", "two"].map((key) => ({ key, image: `/${key}` }));
    const outcomes = run(captioner, images, { skip: (key) => done.has(key) });
    expect(await collect(outcomes)).toEqual(["two: /two"]);
    expect(asked).toHaveLength(1);
  });

  it("wait where the queue is full or a device rests, and lose no image", async () => {
    const full = new VlmError("queue-full", "Full.", { retryAfterMs: 5 } as never);
    const open = new VlmError("circuit-open", "Open.", { retryAfterMs: 5 } as never);
    const { captioner, asked } = createCaptioner((image, attempt) => {
      if (image === "a") return attempt <= 5 ? full : undefined;
      return image === "b" ? open : undefined;
    });
    expect(await collect(run(captioner, ["a", "b", "c"]))).toEqual(["0: a", "1: Open.", "2: c"]);
    expect(asked.filter(({ image }) => image === "b")).toHaveLength(4);
  });

  it("end with the signal's reason, for all or for one", async () => {
    const { captioner } = createCaptioner();
    const one = new AbortController();
    const images = [
      { key: "a", image: "a 5000", signal: one.signal },
      { key: "b", image: "b" },
    ];
    setTimeout(() => {
      one.abort(new Error("Not this one."));
    }, 10);
    expect(await collect(run(captioner, images))).toEqual(["a: Not this one.", "b: b"]);

    const all = new AbortController();
    const outcomes = run(captioner, ["a 5000"], { signal: all.signal });
    setTimeout(() => {
      all.abort(new Error("Enough."));
    }, 10);
    await expect(outcomes.next()).rejects.toThrow("Enough.");
  });

  it("end when the loop over them ends, and close the list", async () => {
    const { captioner, asked } = createCaptioner();
    const close = vi.fn();
    function* images() {
      try {
        yield* ["a", "b 5000", "c"];
      } finally {
        close();
      }
    }
    for await (const { key } of run(captioner, images())) {
      expect(key).toBe("0");
      break;
    }
    expect(close).toHaveBeenCalledOnce();
    expect(asked[1]?.options.signal?.aborted).toBe(true);
  });

  it("end where the client was disposed of: that is no image's fault", async () => {
    const disposed = new DOMException("Disposed.", "InvalidStateError");
    const { captioner } = createCaptioner(() => disposed);
    await expect(collect(run(captioner, ["a", "b"]))).rejects.toBe(disposed);
  });

  it("reject only in the loop, also while the app is busy with an earlier one", async () => {
    const disposed = new DOMException("Disposed.", "InvalidStateError");
    const { captioner } = createCaptioner((image) => (image === "b" ? disposed : undefined));
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const outcomes = run(captioner, ["a", "b"]);
    await outcomes.next();
    await new Promise((resolve) => setTimeout(resolve, 20)); // The app stores the first caption.
    expect(unhandled).not.toHaveBeenCalled();
    await expect(outcomes.next()).rejects.toBe(disposed);
    process.off("unhandledRejection", unhandled);
  });

  it.each([["text"], [new Uint8Array(3)], [undefined], [{}]])(
    "refuse what is no list of images: %s",
    async (images) => {
      const { captioner } = createCaptioner();
      await expect(collect(run(captioner, images as never))).rejects.toThrow(/a list of images/);
    },
  );
});
