import { expect, it } from "vitest";
import { isLocalAddress, shownAddress } from "./local-address.ts";

it("knows the addresses that need no network", () => {
  const local = ["data:,", "blob:https://a.example/1", "DATA:,", " data:,"];
  expect(local.map(isLocalAddress)).toEqual([true, true, true, true]);
  const others = ["/data:,", "https://a.example/?data:", "database:1", "data"];
  expect(others.map(isLocalAddress)).toEqual([false, false, false, false]);
});

it("shows of an address neither secrets nor files", () => {
  expect(shownAddress("https://a.example/x?token=1#2")).toBe("https://a.example/x");
  expect(shownAddress("https://a.example/x?a\nb")).toBe("https://a.example/x");
  expect(shownAddress("https://user:secret@a.example/x@y#z")).toBe("https://a.example/x@y");
  expect(shownAddress("HTTPS:\\\\user:s@cret@a.example\\x")).toBe("HTTPS:\\\\a.example\\x");
  expect(shownAddress("//user@a.example/x")).toBe("//a.example/x");
  expect(shownAddress("/me@home/x")).toBe("/me@home/x");
  expect(shownAddress(`data:application/json,${"x".repeat(1e6)}`)).toBe("data:");
});
