import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { ONNXRUNTIME_BUILDS, withoutRequire } from "./onnxruntime.ts";
import { repositoryPath } from "./run.ts";

const web = repositoryPath("packages/web/package.json");
const folder = dirname(createRequire(web).resolve("onnxruntime-web/wasm"));

test.each(ONNXRUNTIME_BUILDS)(
  "onnxruntime's script for $name has a `require`, and then none",
  ({ name }) => {
    const script = readFileSync(join(folder, `ort.${name}.bundle.min.mjs`), "utf8");
    const asked = /typeof require\b|\brequire\.apply/;
    expect(script).toMatch(asked);
    const changed = withoutRequire(script);
    expect(changed).not.toMatch(asked);
    expect(script.length - changed.length).toBeLessThan(300);
  },
);

test("a script without it is one that nobody has looked at", () => {
  expect(() => withoutRequire("export {}")).toThrow("another `require`");
});
