import { expect, it } from "vitest";
import { isLocalAddress, shownAddress } from "./local-address.ts";

it("knows the addresses that need no network", () => {
  const local = ["data:,", "blob:https://a.example/1", "DATA:,", " data:,"];
  expect(local.map(isLocalAddress)).toEqual([true, true, true, true]);
  const others = ["/data:,", "https://a.example/?data:", "database:1", "data"];
  expect(others.map(isLocalAddress)).toEqual([false, false, false, false]);
});

it.each([
  ["https://a.example/x.png?token=1#2", "https://a.example/x.png"],
  ["https://a.example/x.png?a\nb", "https://a.example/x.png"],
  ["https://user:secret@a.example/x@y.png#z", "https://a.example/x@y.png"],
  ["HTTPS:\\\\user:s@cret@a.example\\x.png", "HTTPS:\\\\a.example/x.png"],
  ["//user@a.example/x.png", "//a.example/x.png"],
  ["https://a.example/token/abc123/x.png", "https://a.example/…/x.png"],
  ["https://a.example/token/abc123", "https://a.example/…/…"],
  ["https://a.example/token/abc123/", "https://a.example/…/"],
  ["https://a.example/0123456789abcdef0123.png", "https://a.example/….png"],
  ["https://a.example/3f2b8c1e-2222-4444-8888-1234567890ab.jpeg", "https://a.example/….jpeg"],
  [`https://a.example/${"long_name".repeat(10)}.png`, "https://a.example/….png"],
  [
    "https://a.example/org/model/resolve/main/onnx/decoder_model_merged_q4f16.onnx",
    "https://a.example/…/decoder_model_merged_q4f16.onnx",
  ],
  ["https://a.example", "https://a.example"],
  ["https://a.example/", "https://a.example/"],
  ["/me@home/x.json", "/…/x.json"],
  ["models/x.json", "…/x.json"],
  ["blob:https://a.example/3f2b8c1e-2222-4444-8888-1234567890ab", "blob:https://a.example/…"],
])("shows of the address %s neither secrets nor folders", (address, shown) => {
  expect(shownAddress(address)).toBe(shown);
});

it("shows nothing of a file in an address, and takes time that grows with the length only", () => {
  expect(shownAddress(`data:application/json,${"x".repeat(1e6)}`)).toBe("data:");
  const startedAt = performance.now();
  for (const part of ["/", "a", "@", "a1", "a-", "//", "https:", "a."])
    shownAddress(part.repeat(1e5));
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
