import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { START_PROBLEMS } from "./start-problem.ts";

const PAGE = new URL("../../../../docs/troubleshooting.md", import.meta.url);

/** Headings that are about no reason. */
const GENERAL = ["How the kit finds out"];

it("has a section in the docs for each problem, and no section is about anything else", () => {
  const headings = readFileSync(PAGE, "utf8").matchAll(/^## (.+)$/gm);
  const names = Array.from(headings, ([, name = ""]) => name).filter(
    (name) => !GENERAL.includes(name),
  );
  expect(names.sort()).toEqual([...START_PROBLEMS].sort());
});
