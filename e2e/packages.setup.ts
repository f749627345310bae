/** Packs the packages once for all tests that install them. */

import { test } from "@playwright/test";
import { buildPackages, packPackages } from "../tools/pack.ts";
import { PACKED_FOLDER } from "./apps/app.ts";

test("packs the packages", async () => {
  test.setTimeout(300_000);
  if (!(await buildPackages())) throw new Error("The build failed.");
  packPackages(PACKED_FOLDER);
});
