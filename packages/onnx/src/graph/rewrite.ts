/** Replaces some fields of a message. Everything else stays byte for byte, also fields that are not known here. */

import type { Piece } from "./pieces.ts";
import type { Field, Span, WireReader } from "./wire-reader.ts";

/** Changes of one message's fields. */
export interface MessageEdit {
  /** New pieces by the place in the file where the field begins; an empty list removes the field. */
  readonly replacements: ReadonlyMap<number, readonly Piece[]>;
  /** Pieces that are added after the message's own fields. */
  readonly additions: readonly Piece[];
}

/** Replaces fields. A field for which `replace` returns undefined stays as it is. */
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
