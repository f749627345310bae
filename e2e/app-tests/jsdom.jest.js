/** @jest-environment jsdom */
/* global document, expect, test */
import { UPLOAD_CASES } from "./upload-cases.js";

test.each(Object.entries(UPLOAD_CASES))("%s", async (_, run) => {
  const [shown, wanted] = await run(() => document.createElement("output"));
  expect(shown).toBe(wanted);
});
