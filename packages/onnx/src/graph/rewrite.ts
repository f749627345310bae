/** Messages with some of their fields replaced; everything else stays byte for byte, whether known here or not. */

import type { Field, Span, WireReader } from "./wire-reader.ts";
import type { Piece } from "./wire-writer.ts";

/** Changes of one message's fields. */
export interface MessageEdit {
  /** By the place in the file where the field begins; no pieces remove it. */
  readonly replacements: ReadonlyMap<number, readonly Piece[]>;
  /** What comes behind the message's own fields. */
  readonly additions: readonly Piece[];
}

/** Fields for which `replace` gives undefined stay as they are. */
export function rewrite(
  reader: WireReader,
  message: Span,
  replace: (field: Field) => readonly Piece[] | undefined,
): Piece[] {
  const replacements = new Map<number, readonly Piece[]>();
  const changed: Field[] = [];
  for (const field of reader.fields(message)) {
    const replacement = replace(field);
    if (!replacement) continue;
    changed.push(field);
    replacements.set(field.start, replacement);
  }
  return applyEdit(message, changed, { replacements, additions: [] });
}

/** @param fields at least those that the edit replaces, in the order of the file */
export function applyEdit(
  message: Span,
  fields: readonly Field[],
  { replacements, additions }: MessageEdit,
): Piece[] {
  const pieces: Piece[] = [];
  let keptFrom = message.start;
  for (const field of fields) {
    const replacement = replacements.get(field.start);
    if (!replacement) continue;
    if (field.start > keptFrom) pieces.push({ start: keptFrom, end: field.start });
    pieces.push(...replacement);
    keptFrom = field.end;
  }
  if (message.end > keptFrom) pieces.push({ start: keptFrom, end: message.end });
  pieces.push(...additions);
  return pieces;
}
