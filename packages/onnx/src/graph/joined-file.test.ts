import { describe, expect, it } from "vitest";
import { sourceOfBytes } from "./byte-source.ts";
import { JoinedFile } from "./joined-file.ts";

describe("JoinedFile", () => {
  const joined = new JoinedFile(sourceOfBytes(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)));
  const first = joined.append([
    { start: 6, end: 8 },
    { start: 1, end: 4 },
  ]);
  const second = joined.append([{ start: 0, end: 1 }]);

  it("has what was appended behind its end, in order", () => {
    expect([first, second]).toEqual([
      { start: 8, end: 13 },
      { start: 13, end: 14 },
    ]);
    expect(joined.size).toBe(14);
    expect([...joined.read(first.start, first.end)]).toEqual([6, 7, 1, 2, 3]);
    expect([...joined.read(second.start, second.end)]).toEqual([0]);
  });

  it("gives any stretch, also one that begins in the file itself", () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 6, 7, 1, 2, 3, 0];
    for (let start = 0; start <= all.length; start++)
      for (let end = start; end <= all.length; end++)
        expect([...joined.read(start, end)]).toEqual(all.slice(start, end));
  });
});
