import type { TextCodec } from "../engines/runtime.ts";
import type { ModelSetup } from "../families/family.ts";

/** Ids that end an answer: those that the model's files name, and the family's control tokens. */
export function endIdsOf(
  { ends }: Pick<ModelSetup, "ends">,
  codec: Pick<TextCodec, "controlId">,
): ReadonlySet<number> {
  return new Set([...ends.ids, ...ends.tokens.flatMap((token) => codec.controlId(token) ?? [])]);
}
