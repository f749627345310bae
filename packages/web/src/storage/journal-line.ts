/**
 * One line of a journal. It begins with a checksum, because a browser that is killed may leave a line that is cut short,
 * and a disk may change one.
 */

import { readStored } from "../schema/read.ts";
import { journalLine } from "../schema/stored.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { sha256 } from "./sha256.ts";

/** A record that was written, or the keys of records that were deleted. */
export type JournalEntry =
  { readonly key: string; readonly value: unknown } | { readonly deleted: readonly string[] };

/** Hexadecimal digits of the checksum. It finds accidents; the hashes of shards find everything else. */
const CHECKSUM_DIGITS = 16;

/** The line break comes first, so that a line that was cut short does not spoil the one after it. */
export async function writeLine(entry: JournalEntry): Promise<Uint8Array<ArrayBuffer>> {
  const json = JSON.stringify({ version: SCHEMA_VERSION, ...entry });
  return new TextEncoder().encode(`\n${await checksumOf(json)} ${json}`);
}

/** The entry of a line. Undefined if the line is damaged, or if its records have the layout of another version. */
export async function readLine(line: string): Promise<JournalEntry | undefined> {
  const json = line.slice(CHECKSUM_DIGITS + 1);
  if (line !== `${await checksumOf(json)} ${json}`) return undefined;
  const read = readStored(journalLine, JSON.parse(json));
  if (read?.version !== SCHEMA_VERSION) return undefined;
  if (read.deleted) return { deleted: read.deleted };
  return read.key === undefined ? undefined : { key: read.key, value: read.value };
}

async function checksumOf(text: string): Promise<string> {
  return (await sha256(new TextEncoder().encode(text))).slice(0, CHECKSUM_DIGITS);
}
