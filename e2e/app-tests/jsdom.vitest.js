// @vitest-environment jsdom
/* global document */
import { expect, test } from "vitest";
import { createFakeVlm } from "@fastvlm-kit/web/testing";
import { UPLOAD_CASES } from "./upload-cases.js";

test.each(Object.entries(UPLOAD_CASES))("%s", async (_, run) => {
  const [shown, wanted] = await run(() => document.createElement("output"));
  expect(shown).toBe(wanted);
});

test("an element of the page is an image", async () => {
  const vlm = await createFakeVlm({ captions: { "alt-text": "A cat." } });
  const image = document.createElement("img");
  image.src = "https://images.example/cat.png";
  image.alt = (await vlm.caption(image, { preset: "alt-text" })).text;
  expect(image.alt).toBe("A cat.");
  expect(vlm.fake.requests[0].images).toEqual([image]);
  await vlm.dispose();
});
