import { describe, expect, test } from "vitest";
import { toCsv, toJson, toRows } from "./captions-file.ts";
import { toDone, toEdited, toFailed, WAITING, type QueuedPicture } from "./queue.ts";

function picture(name: string, order = 1): QueuedPicture {
  return { id: name, name, sizeBytes: 10, order, state: WAITING };
}

function captioned(name: string, text: string, order = 1): QueuedPicture {
  return toDone(picture(name, order), { text, preset: "brief", modelId: "tiny" });
}

/** The cells of a file's second line: a reader of RFC 4180 in a few lines. */
function readCells(csv: string): string[] {
  const line = csv.slice(csv.indexOf("\r\n") + 2, -2);
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
  );
}

describe("CSV", () => {
  test("begins with a byte order mark and a heading, and ends every line with CR LF", () => {
    expect(toCsv(toRows([captioned("a.png", "A frog.")]))).toBe(
      "\uFEFFfile,status,caption,preset,model,edited,problem\r\n" +
        "a.png,done,A frog.,brief,tiny,false,\r\n",
    );
  });

  test.each([
    ["commas", "A frog, a book"],
    ["quotes", 'A "frog"'],
    ["line feeds", "A frog\nand a book"],
    ["carriage returns", "A frog\r\nand a book"],
    ["all of them", '",\r\n"'],
    ["letters of any language", "Ein Fröschlein 🐸 蛙"],
  ])("brings back %s", (_, text) => {
    expect(readCells(toCsv(toRows([captioned("a.png", text)])))[2]).toBe(text);
  });

  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("https://x.example")'])(
    "never begins a cell like a formula: %j",
    (text) => {
      expect(readCells(toCsv(toRows([captioned("a.png", text)])))[2]).toBe(`'${text}`);
      expect(readCells(toCsv(toRows([picture(text)])))[0]).toBe(`'${text}`);
    },
  );

  test("leaves these signs alone inside a cell", () => {
    const text = "2+2=4 - a sum @ school";
    expect(readCells(toCsv(toRows([captioned("a.png", text)])))[2]).toBe(text);
  });
});

describe("rows", () => {
  const rows = toRows([
    toFailed(picture("broken.png", 3), new Error("It is damaged.")),
    picture("later.png", 4),
    toEdited(captioned("b.png", "A frog.", 2), "A toad."),
    captioned("a.png", "A book.", 1),
  ]);

  test("come in the order of the queue, with what is known of each picture", () => {
    expect(
      rows.map(({ file, status, caption, edited, problem }) => [
        file,
        status,
        caption,
        edited,
        problem,
      ]),
    ).toEqual([
      ["a.png", "done", "A book.", false, ""],
      ["b.png", "done", "A toad.", true, ""],
      ["broken.png", "failed", "", false, "It is damaged."],
      ["later.png", "waiting", "", false, ""],
    ]);
  });

  test("come back from JSON", () => {
    expect(JSON.parse(toJson(rows))).toEqual(rows);
  });
});
