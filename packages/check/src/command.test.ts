import { expect, it } from "vitest";
import { readArguments } from "./command.ts";
import type { Finding } from "./finding.ts";
import { exitCodeOf, toJson, toTable } from "./report.ts";

const OK: Finding = { check: "isolation", level: "ok", message: "Isolated." };
const WARNING: Finding = {
  check: "caching",
  level: "warning",
  message: "Not cached.",
  advice: "Cache it.",
  urls: Array.from({ length: 7 }, (_, index) => `/${String(index)}.js`),
};
const ERROR: Finding = { check: "files", level: "error", message: "Missing." };

it("reads an address and options", () => {
  expect(
    readArguments(["https://app.example.com", "--strict", "--file", "a", "--wait", "3"]),
  ).toEqual({
    url: "https://app.example.com",
    isJson: false,
    isStrict: true,
    browser: undefined,
    observe: { files: ["a"], waitMs: 3000 },
  });
  expect(readArguments(["--help"])).toBeUndefined();
});

it.each([
  [[]],
  [["app.example.com"]],
  [["file:///a"]],
  [["http://a", "http://b"]],
  [["http://a", "--wait", "0"]],
  [["http://a", "--what"]],
])("refuses %j", (given) => {
  expect(() => readArguments(given)).toThrow(TypeError);
});

it("ends with 2 for errors, and with 1 for warnings where they count", () => {
  expect(exitCodeOf([OK], true)).toBe(0);
  expect(exitCodeOf([OK, WARNING], false)).toBe(0);
  expect(exitCodeOf([OK, WARNING], true)).toBe(1);
  expect(exitCodeOf([OK, WARNING, ERROR], true)).toBe(2);
});

it("writes a table, and not all of a long list", () => {
  expect(toTable("https://a.example/", [OK, WARNING, ERROR], { hasColours: false })).toBe(
    [
      "https://a.example/",
      "",
      "ok       isolation  Isolated.",
      "warning  caching    Not cached.",
      "                    Cache it.",
      ...[0, 1, 2, 3, 4].map((index) => `                      /${String(index)}.js`),
      "                      and 2 more",
      "ERROR    files      Missing.",
      "",
      "1 errors, 1 warnings",
      "",
    ].join("\n"),
  );
});

it("writes JSON with all of it", () => {
  expect(JSON.parse(toJson("https://a.example/", [OK, WARNING]))).toEqual({
    version: 1,
    url: "https://a.example/",
    counts: { ok: 1, note: 0, warning: 1, error: 0 },
    findings: [OK, WARNING],
  });
});
