import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repositoryPath } from "../run.ts";
import { checkImports } from "./cruise.ts";
import { readArchitecture, type Architecture } from "./read-rooms.ts";
import { toRules } from "./rules.ts";

const SOURCES = repositoryPath("packages/web/src/");

describe("the tables of ARCHITECTURE.md", () => {
  const { rooms, libraries } = readArchitecture();
  const names = rooms.map(({ name }) => name);

  it("name every folder and every entry of packages/web/src, and nothing else", () => {
    const engines = readdirSync(`${SOURCES}engines`)
      .filter((name) => statSync(`${SOURCES}engines/${name}`).isDirectory())
      .map((name) => `engines/${name}`);
    const found = readdirSync(SOURCES).filter((name) => !name.endsWith(".test.ts"));
    expect(names.toSorted()).toEqual([...found, ...engines].toSorted());
  });

  it("lead to rooms that exist, and never back", () => {
    const visit = (name: string, trail: readonly string[]): void => {
      expect(trail).not.toContain(name);
      const room = rooms.find((one) => one.name === name);
      expect(room, `${trail.at(-1) ?? ""} may import ${name}`).toBeDefined();
      for (const next of room!.mayImport) visit(next, [...trail, name]);
    };
    for (const name of names) visit(name, []);
  });

  it("let rooms import libraries that the package depends on", () => {
    for (const library of libraries) {
      expect(names).toEqual(expect.arrayContaining([...library.rooms]));
    }
  });
});

it("keeps the room that an app starts at small", () => {
  const files = readdirSync(`${SOURCES}client`).filter((name) => !name.endsWith(".test.ts"));
  expect(files.length).toBeLessThanOrEqual(12);
});

describe("an import against the arrows is an error", () => {
  const architecture: Architecture = {
    rooms: [
      { name: "light", mayImport: ["heavy", "types"], byDynamicImport: ["heavy"] },
      { name: "heavy", mayImport: ["types"], byDynamicImport: [] },
      { name: "heavy/inner", mayImport: [], byDynamicImport: [] },
      { name: "types", mayImport: [], byDynamicImport: [] },
      { name: "index.ts", mayImport: ["light"], byDynamicImport: [] },
    ],
    libraries: [{ name: "known", rooms: ["light"] }],
  };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fastvlm-imports-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** The rules that these files break in a repository where the others are innocent. */
  async function brokenBy(
    path: string,
    text: string,
    more: Record<string, string> = {},
  ): Promise<string[]> {
    rmSync(folder, { recursive: true });
    const files = {
      "packages/web/src/light/a.ts": "export type A = 1;",
      "packages/web/src/heavy/b.ts": "export const b = 1; export type B = 1;",
      "packages/web/src/heavy/inner/c.ts": "export const c = 1; export type C = 1;",
      "packages/web/src/types/d.ts": "export const d = 1; export type D = 1;",
      "packages/web/src/index.ts": "export const index = 1;",
      "examples/one/main.ts": "export const main = 1;",
      "examples/two/main.ts": "export const main = 2;",
      "examples/shared/words.ts": "export const words = 1;",
      "e2e/server.ts": "export const server = 1;",
      "tools/tool.ts": "export const tool = 1;",
      "node_modules/known/index.js": "export const known = 1;",
      "node_modules/known/package.json": `{ "name": "known", "main": "index.js" }`,
      "package.json": `{ "dependencies": { "known": "1" } }`,
    };
    for (const [name, content] of Object.entries({ ...files, ...more, [path]: text })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const folders = ["packages", "examples", "e2e", "tools"];
    const { report } = await checkImports(folders, toRules(architecture), folder);
    return [...report.matchAll(/error (\S+):/g)].map(([, name]) => name!);
  }

  it.each([
    `import { a } from "../light/a.ts";`,
    `import "../light/a.ts";`,
    `import * as all from "../../../web/src/light/a.ts";`,
    `import type { A } from "../light/a.ts";`,
    `export * from "../light/a.ts";`,
    `export type { A } from "../light/a.ts";`,
    `export const load = () => import("../light/a.ts");`,
    `export type A = import("../light/a.ts").A;`,
  ])("as %s", async (text) => {
    expect(await brokenBy("packages/web/src/heavy/x.ts", text)).toEqual(["arrows-of-heavy"]);
  });

  it("from deep inside a room, and from an entry", async () => {
    const deep = `import "../../../light/a.ts";`;
    expect(await brokenBy("packages/web/src/heavy/very/very/deep.ts", deep)).toEqual([
      "arrows-of-heavy",
    ]);
    const entry = `export { b } from "./heavy/b.ts";`;
    expect(await brokenBy("packages/web/src/index.ts", entry)).toContain("arrows-of-index.ts");
  });

  it("into the room that lies inside of a room", async () => {
    const text = `import { c } from "./inner/c.ts";`;
    expect(await brokenBy("packages/web/src/heavy/x.ts", text)).toEqual(["arrows-of-heavy"]);
  });

  it("of a chunk, unless by import() or of types only", async () => {
    const path = "packages/web/src/light/x.ts";
    const rule = "light-loads-heavy-by-import()";
    expect(await brokenBy(path, `import { b } from "../heavy/b.ts";`)).toEqual([rule]);
    expect(await brokenBy(path, `export { b } from "../heavy/b.ts";`)).toEqual([rule]);
    expect(await brokenBy(path, `import { type B } from "../heavy/b.ts";`)).toEqual([]);
    expect(await brokenBy(path, `import type { B } from "../heavy/b.ts";`)).toEqual([]);
    expect(await brokenBy(path, `export type { B } from "../heavy/b.ts";`)).toEqual([]);
    const load = `export const load = () => import("../heavy/b.ts");`;
    expect(await brokenBy(path, load)).toEqual([]);
  });

  it("of a library in another room than its own", async () => {
    const text = `import { known } from "known";`;
    expect(await brokenBy("packages/web/src/light/x.ts", text)).toEqual([]);
    expect(await brokenBy("packages/web/src/heavy/x.ts", text)).toEqual(["libraries-of-heavy"]);
  });

  it("in a circle, also one of types", async () => {
    const text = `import type { A } from "./a.ts"; export type D = A;`;
    const back = `import type { D } from "./d.ts"; export type A = D;`;
    const other = { "packages/web/src/types/a.ts": back };
    expect(await brokenBy("packages/web/src/types/d.ts", text, other)).toEqual(["no-cycles"]);
  });

  it("in a folder that ARCHITECTURE.md does not name", async () => {
    const text = `import "../types/d.ts";`;
    expect(await brokenBy("packages/web/src/new/x.ts", text)).toEqual(["a-room-for-every-file"]);
  });

  it("of what does not exist", async () => {
    const text = `import "./not-there.ts";`;
    expect(await brokenBy("tools/x.ts", text)).toEqual(["imports-exist"]);
  });

  it("between examples, and from packages and tools to what uses them", async () => {
    const to = (path: string) => `import "${path}";`;
    expect(await brokenBy("examples/one/x.ts", to("../two/main.ts"))).toEqual([
      "examples-stand-alone",
    ]);
    expect(await brokenBy("examples/one/x.ts", to("../shared/words.ts"))).toEqual([]);
    expect(await brokenBy("examples/one/x.ts", to("../../e2e/server.ts"))).toEqual([
      "examples-import-entries",
    ]);
    expect(await brokenBy("tools/x.ts", to("../e2e/server.ts"))).toEqual(["tools-import-entries"]);
    expect(await brokenBy("e2e/x.ts", to("../packages/web/src/types/d.ts"))).toEqual([
      "browser-tests-import-entries",
    ]);
    expect(await brokenBy("e2e/x.ts", to("../packages/web/src/index.ts"))).toEqual([]);
    expect(await brokenBy("packages/web/bin/x.js", to("../../../tools/tool.ts"))).toEqual([
      "packages-stand-alone",
    ]);
  });
});
