import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { repositoryPath } from "./run.ts";
import { createSbom } from "./sbom.ts";

const { dependencies } = JSON.parse(
  readFileSync(repositoryPath("packages/web/package.json"), "utf8"),
) as { dependencies: Record<string, string> };
const sbom = createSbom();
const ofOthers = sbom.components.filter(({ name }) => !name.startsWith("@fastvlm-kit/"));

test("the bill of materials holds what the package ships, and nothing of the tools", () => {
  const names = sbom.components.map(({ name }) => name).sort();
  const bundled = ["is-network-error", "jsesc", "onnxruntime-common", "onnxruntime-web"];
  expect(names).toEqual([...Object.keys(dependencies), ...bundled].sort());
  expect(createSbom()).toEqual(sbom);
});

test("SECURITY.md names each shipped dependency, with the licence that it has", () => {
  const page = readFileSync(repositoryPath("SECURITY.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([^`]+)` +\| ([A-Za-z0-9.-]+) +\| (\S.*) \|$/gm)];
  const listed = rows.map(([, name, license]) => `${name!} ${license!}`);
  const shipped = ofOthers.map(({ name, licenses }) => `${name} ${licenses![0]!.license!.id!}`);
  expect(listed.sort()).toEqual(shipped.sort());
});

test("SECURITY.md names only tests that exist", () => {
  const page = readFileSync(repositoryPath("SECURITY.md"), "utf8");
  const files = [...page.matchAll(/\[[^\]]*\]\(([^)]+\.(?:test|spec)\.ts)\)/g)].map(([, f]) => f!);
  expect(files.length).toBeGreaterThan(15);
  for (const file of files) expect(readFileSync(repositoryPath(file), "utf8")).toContain("test");
});
