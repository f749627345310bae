/** What is asked once of a model without stored numbers, with the embedded model's files as such a model. */

import type { Page } from "@playwright/test";
import { expect, openKit, test } from "./fixtures.ts";

interface Visit {
  readonly text: string;
  /** What was compared, and how much both had in common. */
  readonly compared: Readonly<Record<string, number>>;
  readonly refused: number;
}

function visit(page: Page): Promise<Visit> {
  return page.evaluate(async () => {
    const { fetchBlob, observe, tinyModel } = window.kit;
    const model = tinyModel();
    Reflect.deleteProperty(model, "selfCheck");
    const { vlm, metrics, events } = await observe({ model, device: "wasm" });
    const { text } = await vlm.caption(await fetchBlob("/scenes/scene-03.png"), { cache: false });
    await vlm.dispose();
    const compared = metrics.filter(({ name }) => name === "vlm.self_check.likeness");
    return {
      text,
      compared: Object.fromEntries(
        compared.map(({ attributes, value }) => [String(attributes["vlm.check"]), value]),
      ),
      refused: events.filter(({ type }) => type === "rewrite-refused").length,
    };
  });
}

test("the first load compares the rewritten decoder with the file's own, a later one does not", async ({
  kitPage,
  server,
}) => {
  const first = await visit(kitPage);
  expect(first.compared["rewritten-decoder"]).toBeGreaterThan(0.99);
  expect(first.compared["pieces"]).toBeGreaterThan(0.9);
  await openKit(kitPage, server);
  const second = await visit(kitPage);
  expect(second.compared).toEqual({});
  expect(second.text).toBe(first.text);
  expect(first.refused + second.refused).toBe(0);
});
