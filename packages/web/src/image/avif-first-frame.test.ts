import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { firstAvifFrame } from "./avif-first-frame.ts";
import { readTables, repeatFirstFrame, type TableForm } from "../../test/craft-sequence.ts";
import { readImageHeader } from "./formats/sniff.ts";

const SEQUENCES = ["drawn.avif", "drawn-alpha.avif"];

function read(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`fixtures/sequences/${name}`, import.meta.url)));
}

function cut(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(firstAvifFrame(new Uint8Array(bytes))));
}

describe("firstAvifFrame", () => {
  it.each(SEQUENCES)("leaves one frame in each track, and moves nothing: %s", (name) => {
    const bytes = read(name);
    const part = cut(bytes);
    expect(part).toHaveLength(bytes.length);
    expect(readImageHeader(part)).toEqual(readImageHeader(bytes));
    const before = readTables(bytes);
    expect(before[0]).toMatchObject({ count: 3 });
    expect(before[0]!.types).toContain("stss");
    const after = readTables(part);
    expect(after).toHaveLength(before.length);
    for (const [index, { types, count, first }] of after.entries()) {
      expect(types).toEqual(["stsd", "stts", "stsc", "stco", "stsz", "free"]);
      expect(count).toBe(1);
      expect(first).toEqual(before[index]!.first);
    }
    expect(cut(part)).toEqual(part);
  });

  it.each<[string, TableForm]>([
    ["a chunk for each", {}],
    ["places in 64 bits", { isLong: true }],
    ["one chunk for all", { isOneChunk: true }],
    ["a size for each", { hasSizes: true, isOneChunk: true }],
  ])("takes a million frames, with %s", (_, form) => {
    for (const name of SEQUENCES) {
      const file = repeatFirstFrame(read(name), 1_000_000, form);
      expect(readImageHeader(file)).toEqual(readImageHeader(read(name)));
      const tables = readTables(file);
      expect(tables[0]).toMatchObject({ count: 1_000_000 });
      for (const [index, { count, first }] of readTables(cut(file)).entries()) {
        expect(count).toBe(1);
        expect(first).toEqual(tables[index]!.first);
      }
    }
  });

  it("fills room that is too small for a box", () => {
    for (const count of [1, 2, 3]) {
      for (const hasSizes of [true, false]) {
        const file = repeatFirstFrame(read("drawn.avif"), count, { hasSizes });
        expect(readTables(cut(file))[0]).toMatchObject({
          count: 1,
          first: readTables(file)[0]!.first,
        });
      }
    }
  });

  it("leaves nothing of tracks that no AV1 decoder decodes, and of frames that the file does not have", () => {
    const file = Buffer.from(repeatFirstFrame(read("drawn.avif"), 50));
    const other = Buffer.from(file);
    other.write("avc1", other.lastIndexOf("av01"), "latin1");
    expect(readTables(cut(other))[0]!.types).toEqual(["stsd", "free"]);
    const far = Buffer.from(repeatFirstFrame(read("drawn.avif"), 50, { isLong: true }));
    far.writeUInt32BE(1, far.lastIndexOf("co64") + 12);
    expect(readTables(cut(far))[0]!.types).toEqual(["stsd", "free"]);
  });

  it("refuses a track that lacks tables", () => {
    const file = Buffer.from(repeatFirstFrame(read("drawn.avif"), 1, { isOneChunk: true }));
    const stbl = file.lastIndexOf("stbl") - 4;
    const stts = file.lastIndexOf("stts") - 4;
    // The table of times goes to another box, after all others.
    const [start, table, rest] = [
      file.subarray(0, stts),
      file.subarray(stts, stts + 24),
      file.subarray(stts + 24),
    ];
    const moved = Buffer.concat([start, rest, table]);
    moved.writeUInt32BE(moved.readUInt32BE(stbl) - 24, stbl);
    expect(() => cut(moved)).toThrow("without the usual tables");
  });

  it("leaves a still image as it is", () => {
    const still = new URL("fixtures/corpora/pillow/hopper.avif", import.meta.url);
    const bytes = new Uint8Array(readFileSync(still));
    expect(cut(bytes)).toEqual(bytes);
  });
});
