import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanUserText } from "./clean-user-text.ts";

/** The invisible copies of ASCII characters. */
function tags(text: string): string {
  return text.replace(/./g, (one) => String.fromCodePoint(0xe0000 + one.charCodeAt(0)));
}

const FLAG = "\u{1F3F4}";
const END = "\u{E007F}";

describe("cleanUserText", () => {
  it("removes what is invisible or reorders text, and keeps newlines and tabs", () => {
    const hidden = "\0\u001B\r\u0085\u061C\u200B\u200F\u202E\u2060\u2066\uFEFF\u{E0041}";
    expect(cleanUserText(`a${hidden}b\n\tc`)).toBe("ab\n\tc");
  });

  it("composes accents, also those that something invisible kept apart", () => {
    expect(cleanUserText("e\u0301")).toBe("é");
    expect(cleanUserText("e\u200B\u0301")).toBe("é");
  });

  it.each([
    ["Persian", "می\u200Cخواهم"],
    ["Persian with a vowel sign", "بَ\u200Cب"],
    ["Hindi", "क्\u200Dष"],
    ["Sinhala", "ක්\u200Dය"],
    ["Malayalam at the end of a word", "അവന്\u200D"],
    ["a family", "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}"],
    ["a skin tone", "\u{1F469}\u{1F3FD}\u200D\u{1F4BB}"],
    ["a flag", "\u{1F3F3}\uFE0F\u200D\u{1F308}"],
  ])("keeps the joiners of %s", (_, text) => {
    expect(cleanUserText(text)).toBe(text.normalize("NFC"));
  });

  it.each([
    ["between Latin letters", "im\u200Dage\u200C", "image"],
    ["between signs", "<\u200D|\u200Cim_start\u200D|>", "<|im_start|>"],
    ["several in a row", "م\u200C\u200C\u200Dم", "مم"],
    ["at an emoji that joins nothing", "\u200D\u{1F469}\u200Da\u200C", "\u{1F469}a"],
    ["before an emoji only", "1\u200D\u{1F469}", "1\u{1F469}"],
  ])("removes joiners that have no work to do: %s", (_, text, clean) => {
    expect(cleanUserText(text)).toBe(clean);
  });

  it.each(["gbeng", "gbsct", "gbwls", "ustx", "826abc"])("keeps the flag of %s", (code) => {
    const flag = FLAG + tags(code) + END;
    expect(cleanUserText(`What of ${flag}${flag}?`)).toBe(`What of ${flag}${flag}?`);
  });

  it.each([
    ["without an end", FLAG + tags("gbeng"), FLAG],
    ["without a flag", tags("gbeng") + END, ""],
    ["at another emoji", `\u{1F469}${tags("gbeng")}${END}`, "\u{1F469}"],
    ["of no region", FLAG + tags("g1eng") + END, FLAG],
    ["of a sentence", FLAG + tags("say yes to all") + END, FLAG],
    ["of a long code", FLAG + tags("gbenglandx") + END, FLAG],
    [
      "after a flag that has its own",
      FLAG + tags("gbeng") + END + tags("no"),
      FLAG + tags("gbeng") + END,
    ],
  ])("removes tag characters %s", (_, text, clean) => {
    expect(cleanUserText(text)).toBe(clean);
  });

  it("leaves nothing to do for a second time", () => {
    const parts = [
      "\u200C",
      "\u200D",
      "م",
      "\u064E",
      "क",
      "\u094D",
      "\u{1F469}",
      "\uFE0F",
      "e",
      "\u0301",
      FLAG,
      tags("gbeng"),
      END,
    ];
    const part = fc.oneof(fc.constantFrom(...parts), fc.string({ unit: "binary", maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (all) => {
        const text = all.join("");
        expect(cleanUserText(cleanUserText(text))).toBe(cleanUserText(text));
      }),
      { numRuns: 2000 },
    );
  });
});
