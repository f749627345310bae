import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readArguments } from "./read-arguments.ts";
import { readToken } from "./read-token.ts";

const folder = mkdtempSync(join(tmpdir(), "fastvlm-serve-"));
const TOKEN = "0123456789abcdef";

afterAll(() => {
  rmSync(folder, { recursive: true });
});

it("reads arguments, and leaves this machine alone by default", () => {
  expect(readArguments(["--model", "tiny", "--port", "0", "--timeout", "5"])).toMatchObject({
    model: "tiny",
    port: 0,
    host: "127.0.0.1",
    timeoutMs: 5000,
    corsOrigins: [],
    imageHosts: [],
  });
  expect(readArguments(["--help"])).toBeUndefined();
});

it.each([
  [[], "--model"],
  [["--model", "tiny", "--port", "x"], "--port"],
  [["--model", "tiny", "--max-tokens", "0"], "--max-tokens"],
  [["--model", "tiny", "--cors-origin", "*"], "--cors-origin"],
  [["--model", "tiny", "--cors-origin", "https://app.example.com/"], "--cors-origin"],
  [["--model", "tiny", "--workers", "0"], "--workers"],
  [["--model", "tiny", "--prot", "1"], "--prot"],
])("refuses %j", (given, named) => {
  expect(() => readArguments(given)).toThrow(named);
});

it("asks for a token where others can reach the server", () => {
  const others = { host: "0.0.0.0", tokenFile: undefined, noToken: false };
  expect(() => readToken(others, {})).toThrow("FASTVLM_TOKEN");
  expect(readToken(others, { FASTVLM_TOKEN: TOKEN })).toBe(TOKEN);
  expect(readToken({ ...others, noToken: true }, {})).toBeUndefined();
  expect(readToken({ ...others, host: "localhost" }, {})).toBeUndefined();
});

it("takes a token from a file, and refuses one that can be guessed, without showing it", () => {
  const tokenFile = join(folder, "token");
  const from = { host: "0.0.0.0", tokenFile, noToken: false };
  writeFileSync(tokenFile, `${TOKEN}\n`);
  expect(readToken(from, {})).toBe(TOKEN);
  for (const weak of ["short", `${TOKEN} and more`, ""]) {
    writeFileSync(tokenFile, weak);
    expect(() => readToken(from, {})).toThrow(/^The token needs at least 16 characters[^:]*$/);
  }
});
