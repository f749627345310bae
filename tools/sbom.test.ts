import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PACKAGES } from "./pack.ts";
import { repositoryPath } from "./run.ts";
import { createSbom } from "./sbom.ts";

/** What a package brings besides its own dependencies: theirs, and what its files contain. */
const BROUGHT_BY_WEB = ["is-network-error", "jsesc", "onnxruntime-common", "onnxruntime-web"];
const BROUGHT: Readonly<Record<string, readonly string[]>> = {
  web: BROUGHT_BY_WEB,
  // All that the kit's other packages bring, and what sharp needs.
  serve: [
    ...BROUGHT_BY_WEB,
    "@fastvlm-kit/onnx",
    "@huggingface/tokenizers",
    "@img/colour",
    "cockatiel",
    "comlink",
    "detect-libc",
    "eventsource-parser",
    "hash-wasm",
    "idb-keyval",
    "p-retry",
    "regjsparser",
    "semver",
    "uplot",
  ],
};

const sboms = new Map(PACKAGES.map((name) => [name, createSbom(name)]));

test.each(PACKAGES)("the bill of %s holds what it ships, and nothing of the tools", (name) => {
  const manifest = readFileSync(repositoryPath(`packages/${name}/package.json`), "utf8");
  const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: Record<string, string> };
  const names = sboms.get(name)!.components.map((one) => one.name);
  expect(names.sort()).toEqual([...Object.keys(dependencies), ...(BROUGHT[name] ?? [])].sort());
});

test("the same lock file makes the same bill", () => {
  expect(createSbom("ops")).toEqual(sboms.get("ops"));
});

test("SECURITY.md names each dependency with its licence, and the packages that ship it", () => {
  const page = readFileSync(repositoryPath("SECURITY.md"), "utf8");
  const rows = page.matchAll(
    /^\| `([^`]+)` +\| ([A-Za-z0-9.-]+) +\| ((?:`\w+`(?:, )?)+) +\| \S.* \|$/gm,
  );
  const listed = [...rows].flatMap(([, name, license, packages]) =>
    packages!.split(", ").map((one) => `${one.replaceAll("`", "")}: ${name!} ${license!}`),
  );
  const shipped = PACKAGES.flatMap((one) =>
    sboms
      .get(one)!
      .components.filter(({ name }) => !name.startsWith("@fastvlm-kit/"))
      .map(({ name, licenses }) => `${one}: ${name} ${licenses![0]!.license!.id!}`),
  );
  expect(listed.sort()).toEqual(shipped.sort());
});

test("SECURITY.md names only tests that exist", () => {
  const page = readFileSync(repositoryPath("SECURITY.md"), "utf8");
  const files = [...page.matchAll(/\[[^\]]*\]\(([^)]+\.(?:test|spec)\.ts)\)/g)].map(([, f]) => f!);
  expect(files.length).toBeGreaterThan(15);
  for (const file of files) expect(readFileSync(repositoryPath(file), "utf8")).toContain("test");
});
