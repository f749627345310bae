import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareProfile } from "./profile.ts";

let folder: string;
let model: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bench-profile-"));
  model = join(folder, "model");
  mkdirSync(model);
  writeFileSync(join(model, "config.json"), "{}");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A profile with something in its cache. */
function usedProfile(): string {
  const cached = join(prepareProfile(folder, [model]), "cached");
  writeFileSync(cached, "");
  return cached;
}

test("keeps what was cached while the model's files are the same", () => {
  const cached = usedProfile();
  prepareProfile(folder, [model]);
  expect(existsSync(cached)).toBe(true);
});

test("begins anew when a file of the model changed", () => {
  const cached = usedProfile();
  writeFileSync(join(model, "config.json"), '{"changed": true}');
  prepareProfile(folder, [model]);
  expect(existsSync(cached)).toBe(false);
});
