import { describe, expect, it } from "vitest";
import { captionOptions } from "./call-options.ts";
import { resolveGenerationOptions } from "./generation-options.ts";
import { read } from "./read.ts";

describe("options of a generation", () => {
  it("fills in the defaults", () => {
    expect(resolveGenerationOptions({})).toEqual({
      maxNewTokens: 128,
      temperature: 0,
      topP: 1,
      topK: 0,
      repetitionPenalty: 1,
      seed: undefined,
      stop: [],
      maxWords: undefined,
    });
  });

  it("keeps what it is given, and nothing that is no option", () => {
    const given = {
      maxNewTokens: 1,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      repetitionPenalty: 1.1,
      seed: 0,
      stop: ["\n"],
      maxWords: 30,
    };
    expect(resolveGenerationOptions({ ...given, prompt: "?" } as typeof given)).toEqual(given);
  });

  it.each([
    [{ maxNewTokens: 8192 }],
    [{ temperature: 10 }],
    [{ topP: 1e-9 }],
    [{ topK: 2 ** 40 }],
    [{ repetitionPenalty: 0.01 }],
    [{ repetitionPenalty: 100 }],
    [{ seed: Number.MAX_SAFE_INTEGER }],
    [{ maxWords: 4096 }],
  ])("takes the ends of the ranges: %o", (options) => {
    expect(read(captionOptions, options, "options")).toEqual(options);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ maxNewTokens: 0 }, "`maxNewTokens` to be an integer from 1 to 8192, got `0` (number)"],
    [{ maxNewTokens: 8193 }, "`maxNewTokens` to be an integer from 1 to 8192, got `8193` (number)"],
    [{ maxNewTokens: 1.5 }, "`maxNewTokens` to be an integer from 1 to 8192, got `1.5` (number)"],
    [{ maxNewTokens: "9" }, '`maxNewTokens` to be an integer from 1 to 8192, got "9"'],
    [{ temperature: -0.1 }, "`temperature` to be a number from 0 to 10, got `-0.1` (number)"],
    [{ temperature: 10.1 }, "`temperature` to be a number from 0 to 10, got `10.1` (number)"],
    [{ temperature: NaN }, "`temperature` to be a number from 0 to 10, got `NaN` (number)"],
    [{ topP: 0 }, "`topP` to be a number above 0 to 1, got `0` (number)"],
    [{ topP: 1.01 }, "`topP` to be a number above 0 to 1, got `1.01` (number)"],
    [{ topK: -1 }, "`topK` to be an integer from 0, got `-1` (number)"],
    [{ topK: Infinity }, "`topK` to be an integer from 0, got `Infinity` (number)"],
    [
      { repetitionPenalty: 0 },
      "`repetitionPenalty` to be a number above 0 to 100, got `0` (number)",
    ],
    [
      { repetitionPenalty: 101 },
      "`repetitionPenalty` to be a number above 0 to 100, got `101` (number)",
    ],
    [{ seed: -1 }, "`seed` to be an integer from 0, got `-1` (number)"],
    [{ seed: 0.5 }, "`seed` to be an integer from 0, got `0.5` (number)"],
    [{ seed: 2 ** 53 }, "`seed` to be an integer from 0, got `9007199254740992` (number)"],
    [{ maxWords: 0 }, "`maxWords` to be an integer from 1 to 4096, got `0` (number)"],
    [{ maxWords: 4097 }, "`maxWords` to be an integer from 1 to 4096, got `4097` (number)"],
    [{ stop: "\n" }, '`stop` to be an array of non-empty strings, got "\\n"'],
    [{ stop: [""] }, '`stop` to be an array of non-empty strings, got [""]'],
    [
      { stop: ["a", 1] },
      "`stop` to be an array of non-empty strings, got [a text of 1 characters, `1` (number)]",
    ],
  ])("refuses %o", (options, sentence) => {
    expect(() => read(captionOptions, options, "options")).toThrow(
      new TypeError(`Expected ${sentence}`),
    );
  });
});
