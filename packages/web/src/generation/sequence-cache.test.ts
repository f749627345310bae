import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeRuntime, fakeFeatures } from "../../test/fake-runtime.ts";
import type { PromptPart } from "../engines/runtime.ts";
import { createSequenceCache } from "./sequence-cache.ts";

function create(maxBytes = 1000, maxNewestBytes = maxBytes) {
  const runtime = createFakeRuntime([1]);
  return { runtime, cache: createSequenceCache(runtime, maxBytes, maxNewestBytes) };
}

const tokens = (...ids: number[]): PromptPart => ({ kind: "tokens", ids });
const image = (key: string | undefined, size = 4): PromptPart => ({
  kind: "image",
  features: { ...fakeFeatures(size), ...(key !== undefined && { key }) },
});

/** Runs a prompt and the tokens of its answer. */
async function run(
  { cache }: ReturnType<typeof create>,
  parts: readonly PromptPart[],
  ...answer: number[]
) {
  const sequence = cache.begin(parts);
  await sequence.append(sequence.rest);
  for (const id of answer) await sequence.append([tokens(id)]);
  sequence.end();
  return { reused: sequence.reused, rest: sequence.rest };
}

describe("a prompt", () => {
  it("that is like no other starts from nothing", async () => {
    const opened = create();
    const parts = [tokens(1, 2), image("a"), tokens(3)];
    expect(await run(opened, parts)).toEqual({ reused: 0, rest: parts });
  });

  it("that shares an image with an earlier one appends what comes after it", async () => {
    const opened = create();
    await run(opened, [tokens(1, 2), image("a"), tokens(3, 4)], 9, 9);
    const { reused, rest } = await run(opened, [tokens(1, 2), image("a"), tokens(5)]);
    expect(reused).toBe(6);
    expect(rest).toEqual([tokens(5)]);
    expect(opened.runtime.appended.at(-1)).toEqual([tokens(5)]);
  });

  it("is taken apart within its text", async () => {
    const opened = create();
    await run(opened, [tokens(1, 2, 3), image("a"), tokens(4)]);
    const { reused, rest } = await run(opened, [tokens(1, 2, 7), image("a"), tokens(4)]);
    expect(reused).toBe(2);
    expect(rest).toEqual([tokens(7), image("a"), tokens(4)].map(likeIt));
  });

  it("goes on with an earlier answer", async () => {
    const opened = create();
    await run(opened, [image("a"), tokens(1)], 2, 3);
    const { reused } = await run(opened, [image("a"), tokens(1, 2, 3, 4, 5)]);
    expect(reused).toBe(7);
  });

  it("shares nothing with another image, or with one that has no key", async () => {
    const opened = create();
    await run(opened, [image("a"), tokens(1)]);
    expect((await run(opened, [image("b"), tokens(1)])).reused).toBe(0);
    await run(opened, [image(undefined), tokens(1)]);
    expect((await run(opened, [image(undefined), tokens(1)])).reused).toBe(0);
  });

  it("always has a position left, which gives the logits", async () => {
    const opened = create();
    const parts = [tokens(1, 2, 3)];
    await run(opened, parts, 4);
    expect(await run(opened, parts)).toEqual({ reused: 2, rest: [tokens(3)] });
    await run(opened, [tokens(7), image("a")]);
    expect((await run(opened, [tokens(7), image("a")])).reused).toBe(1);
  });

  it("takes the longest of several beginnings", async () => {
    const opened = create();
    await run(opened, [tokens(1, 2, 9)]);
    await run(opened, [tokens(1, 2, 3, 9)]);
    await run(opened, [tokens(1, 9)]);
    expect((await run(opened, [tokens(1, 2, 3, 4)])).reused).toBe(3);
  });

  it("leaves the sequence that it began with as it was", async () => {
    const opened = create();
    await run(opened, [tokens(1, 2, 3, 4)]);
    await run(opened, [tokens(1, 2, 8)]);
    expect((await run(opened, [tokens(1, 2, 3, 4, 5)])).reused).toBe(4);
  });
});

describe("what is kept", () => {
  it("stays below its bound: the longest unused goes first", async () => {
    const opened = create(10);
    await run(opened, [tokens(1, 1, 1, 1)]);
    await run(opened, [tokens(2, 2, 2, 2)]);
    await run(opened, [tokens(1, 1, 1, 1, 5)]); // Replaces the first, which it contains.
    expect(opened.cache.bytes).toBe(9);
    await run(opened, [tokens(3, 3)]);
    expect(opened.cache.bytes).toBe(7);
    expect((await run(opened, [tokens(2, 2, 2)])).reused).toBe(0);
    expect((await run(opened, [tokens(1, 1, 1, 1, 6)])).reused).toBe(4);
  });

  it("is the newest alone, where that is larger than the bound for all", async () => {
    const opened = create(5, 12);
    await run(opened, [tokens(1, 2)]);
    await run(opened, [image("a"), tokens(3, 4, 5, 6)]);
    expect(opened.cache.bytes).toBe(8);
    expect((await run(opened, [tokens(1, 2)])).reused).toBe(0);
    await run(opened, [image("b", 12), tokens(3)]);
    expect(opened.cache.bytes).toBeLessThanOrEqual(5);
  });

  it("is nothing with a bound of 0", async () => {
    const opened = create(0);
    await run(opened, [tokens(1, 2)]);
    expect(opened.cache.bytes).toBe(0);
    expect(opened.runtime.disposedDecodings).toBe(1);
  });

  it("has no sequence that failed, and lets it go", async () => {
    const { runtime, cache } = create();
    runtime.startDecoding = () => ({
      ...createFakeRuntime([1]).startDecoding(),
      append: () => Promise.reject(new Error("lost")),
      dispose: () => {
        disposed += 1;
      },
    });
    let disposed = 0;
    const sequence = cache.begin([tokens(1, 2)]);
    await expect(sequence.append(sequence.rest)).rejects.toThrow("lost");
    sequence.end();
    expect(disposed).toBe(1);
    expect(cache.bytes).toBe(0);
  });

  it("goes when it is cleared", async () => {
    const opened = create();
    await run(opened, [tokens(1, 2)]);
    await run(opened, [tokens(3)]);
    opened.cache.clear();
    expect(opened.runtime.disposedDecodings).toBe(2);
    expect((await run(opened, [tokens(1, 2)])).reused).toBe(0);
  });
});

it("whatever is asked, what was reused and what is left make the prompt", async () => {
  const part = fc.oneof(
    fc.array(fc.constantFrom(1, 2), { minLength: 1, maxLength: 4 }).map((ids) => tokens(...ids)),
    fc.constantFrom("a", "b").map((key) => image(key, 2)),
  );
  const prompts = fc.array(fc.array(part, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
  const unitsOf = (parts: readonly PromptPart[]) =>
    parts.flatMap((one): unknown[] =>
      one.kind === "tokens" ? [...one.ids] : [one.features.key, one.features.key],
    );
  await fc.assert(
    fc.asyncProperty(prompts, async (all) => {
      const opened = create(20);
      const earlier: unknown[][] = [];
      for (const parts of all) {
        const { reused, rest } = await run(opened, parts);
        const units = unitsOf(parts);
        expect(unitsOf(rest)).toEqual(units.slice(reused));
        expect(rest.length).toBeGreaterThan(0);
        const beginning = JSON.stringify(units.slice(0, reused));
        const isKnown = earlier.some((one) => JSON.stringify(one.slice(0, reused)) === beginning);
        expect(reused === 0 || isKnown).toBe(true);
        expect(opened.cache.bytes).toBeLessThanOrEqual(20);
        earlier.push(units);
      }
    }),
  );
});

/** An image's functions are its own; its key and size are what counts. */
function likeIt(part: PromptPart): unknown {
  if (part.kind === "tokens") return part;
  const { key, tokens } = part.features;
  return { kind: "image", features: expect.objectContaining({ key, tokens }) as unknown };
}
