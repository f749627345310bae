/** What an app's tests can trust: the fakes of `@fastvlm-kit/web/testing` do what the real client does. */

import { expect, test } from "./fixtures.ts";

for (const kind of ["real", "fake"] as const) {
  test(`the contract of a client holds for the ${kind} worker`, async ({ kitPage }) => {
    const warnings: string[] = [];
    kitPage.on("console", (message) => {
      if (message.type() === "warning") warnings.push(message.text());
    });
    expect(await kitPage.evaluate((kind) => window.kit.checkClient(kind), kind)).toEqual([]);
    // A page with a fake says so.
    expect(warnings.some((text) => text.includes("fake worker"))).toBe(kind === "fake");
  });
}

for (const kind of ["real", "fake"] as const) {
  test(`the contract of a library of models holds with the ${kind} worker`, async ({ kitPage }) => {
    const failures = await kitPage.evaluate((kind) => window.kit.checkModelLibrary(kind), kind);
    expect(failures).toEqual([]);
  });
}
