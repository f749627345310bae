/** @jest-environment node */
/* global expect, test */
import { UPLOAD_CASES } from "./upload-cases.js";

test.each(Object.entries(UPLOAD_CASES))("%s", async (_, run) => {
  const [shown, wanted] = await run(() => ({ textContent: "" }));
  expect(shown).toBe(wanted);
});
