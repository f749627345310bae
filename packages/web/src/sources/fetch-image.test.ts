import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../image/limits.ts";
import { readResponse } from "./fetch-image.ts";

const { signal } = new AbortController();

/** A body that the server never ends. */
const endless = () =>
  new ReadableStream({
    start: (body) => {
      body.enqueue(new Uint8Array(100));
    },
  });

describe("readResponse", () => {
  it("refuses an answer with an error, whose body stays the app's", async () => {
    const response = new Response(endless(), { status: 404 });
    await expect(readResponse(response, DEFAULT_IMAGE_LIMITS, signal)).rejects.toMatchObject({
      code: "image-fetch-failed",
      details: { status: 404 },
    });
    expect(response.bodyUsed).toBe(false);
  });

  it("stops reading at the limit, while the app's half goes on", async () => {
    const limits = { ...DEFAULT_IMAGE_LIMITS, maxBytes: 10 };
    const reading = readResponse(new Response(endless()), limits, signal);
    await expect(reading).rejects.toMatchObject({
      code: "image-too-large",
      details: { what: "bytes" },
    });
  });
});
