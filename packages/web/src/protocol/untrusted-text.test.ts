import { expectTypeOf, it } from "vitest";
import type { GenerateEvent, VlmResult } from "./result.ts";
import type { UntrustedText } from "./untrusted-text.ts";

/** How an app may mark text that it trusts. */
type TrustedText = string & { readonly trusted: true };

it("is the type of all text of a model: a string, and not one that an app trusts", () => {
  expectTypeOf<VlmResult["text"]>().toEqualTypeOf<UntrustedText>();
  type Delta = Extract<GenerateEvent, { type: "text-delta" }>;
  expectTypeOf<Delta["text"]>().toEqualTypeOf<UntrustedText>();
  expectTypeOf<UntrustedText>().toExtend<string>();
  expectTypeOf<UntrustedText>().not.toExtend<TrustedText>();
});
