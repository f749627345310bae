/**
 * Reads weights that a graph keeps in separate files (ONNX's external data). They are read as if those files followed the
 * graph in one long file, so that code for weights inside a graph's file works for them too.
 */

import { LOCATION, TENSOR } from "../format/onnx-fields.ts";
import { WIRE } from "../format/protobuf.ts";
import type { ByteSource } from "./byte-source.ts";
import { contentOf, type Field, type Span, type WireReader } from "./wire-reader.ts";

/** A file beside the graph. */
export interface ExternalFile {
  /** The name that the graph uses for it: its path from the graph's folder. */
  readonly location: string;
  readonly source: ByteSource;
}

/** Where the model's message ends in a source, and where the files after it are. */
export interface Layout {
  readonly end: number;
  readonly files: ReadonlyMap<string, Span>;
}

/** The graph's file, followed by its external files. */
export function joinFiles(
  graph: ByteSource,
  others: readonly ExternalFile[],
): { readonly source: ByteSource; readonly layout: Layout } {
  const files = new Map<string, Span>();
  let size = graph.size;
  for (const { location, source } of others) {
    files.set(location, { start: size, end: size + source.size });
    size += source.size;
  }
  const layout = { end: graph.size, files };
  if (others.length === 0) return { source: graph, layout };
  const row = [
    { from: graph, at: 0 },
    ...others.map(({ location, source }) => ({ from: source, at: files.get(location)!.start })),
  ];
  return { source: { size, read: (start, end) => readRow(row, start, end) }, layout };
}

interface Placed {
  readonly from: ByteSource;
  readonly at: number;
}

function readRow(row: readonly Placed[], start: number, end: number): Uint8Array {
  const within = row.find(({ from, at }) => start >= at && end <= at + from.size);
  if (within) return within.from.read(start - within.at, end - within.at);
  const bytes = new Uint8Array(end - start);
  for (const { from, at } of row) {
    const [first, last] = [Math.max(start, at), Math.min(end, at + from.size)];
    if (first < last) bytes.set(from.read(first - at, last - at), first - start);
  }
  return bytes;
}

/** What a tensor says about the file with its bytes. */
export class ExternalReference {
  readonly #entries = new Map<string, string>();
  #isExternal = false;

  /** Reads a field. Returns whether the field belongs to the reference and is understood. */
  takes(reader: WireReader, field: Field): boolean {
    if (field.number === TENSOR.dataLocation && field.wireType === WIRE.varint) {
      this.#isExternal = field.value === LOCATION.external;
      return this.#isExternal;
    }
    if (field.number !== TENSOR.externalData || field.wireType !== WIRE.bytes) return false;
    if (field.end - field.start > MAX_ENTRY_BYTES) return false;
    const [key, value] = [1, 2].map((number) => textIn(reader, field, number));
    this.#entries.set(key!, value!);
    return true;
  }

  /** The tensor's file, without "./" at the beginning. */
  get location(): string | undefined {
    return this.#isExternal
      ? (this.#entries.get("location") ?? "").replace(/^\.\//, "")
      : undefined;
  }

  /** Where the bytes are, or the reason why they cannot be found. */
  locate(files: Layout["files"] | undefined, expectedBytes: number): Span | string {
    const { location = "" } = this;
    const file = files?.get(location);
    const shown = JSON.stringify(location);
    if (!file) return `weights in ${shown}, which the model's descriptor does not list`;
    const [offset, length] = [this.#number("offset") ?? 0, this.#number("length") ?? expectedBytes];
    const span = { start: file.start + offset, end: file.start + offset + length };
    const isWithin = span.start >= file.start && span.start <= span.end && span.end <= file.end;
    const size = file.end - file.start;
    return isWithin
      ? span
      : `weights at ${String(offset)} to ${String(offset + length)} of ${shown}, which has ${String(size)} bytes`;
  }

  #number(key: string): number | undefined {
    const text = this.#entries.get(key);
    return text === undefined ? undefined : Number(text);
  }
}

/** The greatest size of an entry, which has a file's name or a number. */
const MAX_ENTRY_BYTES = 4096;

/** One character per byte: the kit's own paths are ASCII. */
function textIn(reader: WireReader, message: Field, number: number): string {
  for (const field of reader.fields(contentOf(message)))
    if (field.number === number && field.wireType === WIRE.bytes)
      return String.fromCharCode(...reader.read(contentOf(field)));
  return "";
}
