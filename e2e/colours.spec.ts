/** Colours are those that an `<img>` shows: docs/reliability.md has the table, and docs/browsers.md one by engine. */

import { otherEngine } from "../tools/tested-engine.ts";
import { addressColours } from "./colour-kinds.ts";
import { expect, test } from "./fixtures.ts";

test("colours of every kind are those of an <img>, within 3 of 255 on average", async ({
  loadedPage,
}) => {
  const files = await addressColours();
  const differences = await loadedPage.evaluate(async (addresses) => {
    const { compareWithImg, fetchBlob } = window.kit;
    const found: Record<string, number | undefined> = {};
    for (const [kind, address] of Object.entries(addresses)) {
      found[kind] = (await compareWithImg(await fetchBlob(address))).difference;
    }
    return found;
  }, files);
  expect(Object.keys(differences)).toHaveLength(Object.keys(files).length);
  // WebKit draws nothing of a PNG with a wrong checksum on a canvas; the model sees what the other engines show.
  if (otherEngine === "webkit") delete differences["pngsuite/xcsn0g01.png"];
  for (const [kind, difference] of Object.entries(differences)) {
    expect(difference, kind).toBeLessThan(3);
  }
});
