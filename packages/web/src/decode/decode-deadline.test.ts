import { describe, expect, it } from "vitest";
import { createDecodeDeadline } from "./decode-deadline.ts";

const LIMITS = { maxDecodeMs: 20 };
const PATIENT = { maxDecodeMs: 60_000 };

function createDecoding(): { decode: () => Promise<string>; end: (image: string) => void } {
  let resolve!: (image: string) => void;
  const promise = new Promise<string>((settle) => {
    resolve = settle;
  });
  return { decode: () => promise, end: resolve };
}

describe("createDecodeDeadline", () => {
  it("returns what was decoded in time", async () => {
    const deadline = createDecodeDeadline();
    const { signal } = new AbortController();
    const decode = (): Promise<string> => Promise.resolve("image");
    await expect(deadline.run(decode, () => undefined, PATIENT, signal)).resolves.toBe("image");
  });

  it("stops waiting at the limit, goes on with the next image, and drops what comes late", async () => {
    const deadline = createDecodeDeadline();
    const { signal } = new AbortController();
    const slow = createDecoding();
    const dropped: string[] = [];
    const drop = (late: string): void => {
      dropped.push(late);
    };
    await expect(deadline.run(slow.decode, drop, LIMITS, signal)).rejects.toMatchObject({
      code: "image-too-large",
      details: { what: "time", limit: 20 },
    });
    const next = deadline.run(() => Promise.resolve("next"), drop, PATIENT, signal);
    await expect(next).resolves.toBe("next");
    slow.end("late");
    await slow.decode();
    await Promise.resolve();
    expect(dropped).toEqual(["late"]);
  });

  it("drops an image that came late because its decoder held the thread", async () => {
    const deadline = createDecodeDeadline();
    const { signal } = new AbortController();
    const dropped: string[] = [];
    const decode = (): Promise<string> => {
      const endAt = performance.now() + 30;
      while (performance.now() < endAt);
      return Promise.resolve("late");
    };
    const decoding = deadline.run(decode, (late) => dropped.push(late), LIMITS, signal);
    await expect(decoding).rejects.toMatchObject({ code: "image-too-large" });
    expect(dropped).toEqual(["late"]);
  });

  it("stops waiting when the call is cancelled", async () => {
    const deadline = createDecodeDeadline();
    const cancellation = new AbortController();
    const waiting = deadline.run(
      createDecoding().decode,
      () => undefined,
      { maxDecodeMs: Infinity },
      cancellation.signal,
    );
    cancellation.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
  });

  it("lets two decoders go on that nobody waits for, and not a third", async () => {
    const deadline = createDecodeDeadline();
    const { signal } = new AbortController();
    const slow = [createDecoding(), createDecoding()];
    for (const { decode } of slow) {
      await expect(deadline.run(decode, () => undefined, LIMITS, signal)).rejects.toThrow("limit");
    }
    let hasStarted = false;
    const third = deadline.run(
      () => {
        hasStarted = true;
        return Promise.resolve("third");
      },
      () => undefined,
      PATIENT,
      signal,
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(hasStarted).toBe(false);
    slow[0]!.end("late");
    await expect(third).resolves.toBe("third");
  });
});
