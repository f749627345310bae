import { expect, it } from "vitest";
import { toSafeText } from "./safe-text.ts";

it.each([
  [
    "Failed to fetch https://user:secret@a.example/x.png?key=secret#secret today",
    "Failed to fetch https://a.example/x.png today",
  ],
  ["at 'http://a.example/x?secret' (1)", "at 'http://a.example/x' (1)"],
  ["no data:image/png;base64,c2VjcmV0 here", "no data: here"],
  [
    "ERROR_CODE: 1 /mnt/azure_nvme_temp/_work/1/s/onnxruntime/core/buffer_manager.cc:643",
    "ERROR_CODE: 1 …/buffer_manager.cc:643",
  ],
  ["(C:\\Users\\me\\code\\a.ts:3)", "(…/a.ts:3)"],
  ["Authorization: Bearer abcdef123456", "Authorization: Bearer …"],
  ["at run (https://a.example/assets/a.js:10:5)", "at run (https://a.example/assets/a.js:10:5)"],
  ["Invalid shape: [1,2] / [3,4]", "Invalid shape: [1,2] / [3,4]"],
])("of %j it shows %j", (text, shown) => {
  expect(toSafeText(text)).toBe(shown);
});

it("takes time that grows with the length only", () => {
  const startedAt = performance.now();
  for (const part of ["https://", "/mnt/", "data:", "a/", "bearer ", "@"]) {
    toSafeText(part.repeat(200_000 / part.length));
  }
  expect(performance.now() - startedAt).toBeLessThan(2000);
});
