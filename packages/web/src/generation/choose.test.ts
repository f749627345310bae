import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteCodec, createFakeRuntime, predictionOf } from "../../test/fake-runtime.ts";
import type { Decoding, PromptPart, Runtime } from "../engines/runtime.ts";
import { choose, type Option } from "./choose.ts";
import type { GenerationContext } from "./generate.ts";
import { createSequenceCache } from "./sequence-cache.ts";

const PROMPT: readonly PromptPart[] = [{ kind: "tokens", ids: byteCodec.encode("Q?") }];
const VOCABULARY = 257;

/** Logits that depend on every token so far, as those of a model do. */
function logitsAfter(ids: readonly number[]): Float32Array {
  const state = ids.reduce((sum, id) => (sum * 31 + id * 7 + 1) % 1009, 1);
  return Float32Array.from(
    { length: VOCABULARY },
    (_, id) => 3 * Math.sin(state * 0.37 + id * 1.7) + (id > 96 && id < 100 ? 4 : 0),
  );
}

function shareOf(ids: readonly number[], next: number): number {
  const logits = logitsAfter(ids);
  const sum = logits.reduce((total, one) => total + Math.exp(one), 0);
  return Math.exp(logits[next]!) / sum;
}

function createModel(): { runtime: Runtime; runs: readonly number[][] } {
  const runs: number[][] = [];
  const start = (known: readonly number[]): Decoding => {
    let ids = [...known];
    return {
      get length() {
        return ids.length;
      },
      bytes: 0,
      append(parts) {
        const added = parts.flatMap((part) => (part.kind === "tokens" ? part.ids : []));
        runs.push(added);
        ids = [...ids, ...added];
        return Promise.resolve(predictionOf(logitsAfter(ids)));
      },
      fork: (length) => start(ids.slice(0, length)),
      dispose: () => undefined,
    };
  };
  return { runtime: { ...createFakeRuntime([0]), startDecoding: () => start([]) }, runs };
}

async function weigh(options: readonly Option[], prefix = "") {
  const { runtime, runs } = createModel();
  const context: GenerationContext = {
    runtime,
    sequences: createSequenceCache(runtime, 0),
    codec: byteCodec,
    endIds: new Set(),
    checkpoint: () => Promise.resolve(),
    onFirstToken: () => undefined,
    onText: () => undefined,
  };
  return { ...(await choose(context, PROMPT, options, prefix)), runs };
}

/** The probability that the answer begins with the text, and with none of the longer texts. */
function shareOfBeginning(text: string, longer: readonly string[]): number {
  const ids = byteCodec.encode(text);
  const before = byteCodec.encode("Q?");
  const whole = ids.reduce(
    (share, id, index) => share * shareOf([...before, ...ids.slice(0, index)], id),
    1,
  );
  const next = new Set(
    longer.filter((one) => one.startsWith(text)).map((one) => byteCodec.encode(one)[ids.length]!),
  );
  const others = [...next].reduce((sum, id) => sum + shareOf([...before, ...ids], id), 0);
  return whole * (1 - others);
}

describe("choose", () => {
  it("gives options of one token their shares, from one run", async () => {
    const { probabilities, runs, text } = await weigh([["a"], ["b"], ["c"]]);
    const shares = ["a", "b", "c"].map((one) => shareOfBeginning(one, []));
    const sum = shares.reduce((total, one) => total + one, 0);
    for (const [index, share] of shares.entries())
      expect(probabilities[index]).toBeCloseTo(share / sum, 5);
    expect(text).toBe(["a", "b", "c"][probabilities.indexOf(Math.max(...probabilities))]);
    expect(runs).toHaveLength(1);
  });

  it("runs what options have in common once", async () => {
    const { runs } = await weigh([["abc"], ["abd"], ["x"]]);
    expect(runs.slice(1)).toEqual([byteCodec.encode("a"), byteCodec.encode("b")]);
  });

  it("agrees with the probability of every text, one at a time", async () => {
    const word = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
    const words = fc.uniqueArray(
      word.map((letters) => letters.join("")),
      {
        minLength: 2,
        maxLength: 8,
      },
    );
    await fc.assert(
      fc.asyncProperty(words, async (texts) => {
        const { probabilities } = await weigh(texts.map((text) => [text]));
        const shares = texts.map((text) =>
          shareOfBeginning(
            text,
            texts.filter((one) => one !== text),
          ),
        );
        const sum = shares.reduce((total, one) => total + one, 0);
        for (const [index, share] of shares.entries())
          expect(probabilities[index]).toBeCloseTo(share / sum, 5);
      }),
      { numRuns: 60 },
    );
  });

  it("gives what all options begin with to the model together with the prompt", async () => {
    const { probabilities, runs } = await weigh([["It is a"], ["It is b"]]);
    expect(runs).toEqual([byteCodec.encode("Q?It is ")]);
    const shares = ["It is a", "It is b"].map((one) => shareOfBeginning(one, []));
    expect(probabilities[0]).toBeCloseTo(shares[0]! / (shares[0]! + shares[1]!), 5);
  });

  it("adds the spellings of an option up", async () => {
    const apart = await weigh([["a"], ["b"], ["c"]]);
    const together = await weigh([["a", "b"], ["c"]]);
    expect(together.probabilities[0]).toBeCloseTo(
      apart.probabilities[0]! + apart.probabilities[1]!,
      6,
    );
  });

  it("begins each option as the model begins its answers", async () => {
    const { runs } = await weigh([["a"], ["b"]], " ");
    expect(runs).toEqual([byteCodec.encode("Q? ")]);
  });

  it("is as sure as the model is of the likeliest option's tokens", async () => {
    const { confidence, text } = await weigh([["a"], ["bb"]]);
    const ids = byteCodec.encode(text);
    const before = byteCodec.encode("Q?");
    const shares = ids.map((id, index) => shareOf([...before, ...ids.slice(0, index)], id));
    expect(confidence.least).toBeCloseTo(Math.min(...shares), 5);
  });

  it("refuses options for which the prompt leaves no room", async () => {
    await expect(weigh([["a"], ["b".repeat(2000)]])).rejects.toMatchObject({
      code: "context-overflow",
    });
  });
});
