import { expect, it } from "vitest";
import { familyNameOf } from "./family-name.ts";

it("takes a descriptor without a family for FastVLM's, and one with a known family at its word", () => {
  expect(familyNameOf({})).toBe("fastvlm");
  expect(familyNameOf({ family: "smolvlm" })).toBe("smolvlm");
});

it.each(["llava", "", "constructor", "FastVLM"])(
  "refuses the family %j and names those it knows",
  (name) => {
    const parsed = JSON.parse(JSON.stringify({ family: name })) as { family: "smolvlm" };
    expect(() => familyNameOf(parsed)).toThrow(
      expect.objectContaining({
        code: "model-invalid",
        message: expect.stringMatching(/`fastvlm`, `smolvlm`, or a newer kit/) as unknown,
      }),
    );
  },
);
