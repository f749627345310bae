import { expect, it } from "vitest";
import { LruMap } from "./lru-map.ts";

const bySize = (max: number): LruMap<string, string> =>
  new LruMap({ max, sizeOf: (value, key) => key.length + value.length });

it("drops what was used longest ago, and says what", () => {
  const map = new LruMap<string, number>({ max: 2 });
  expect(map.set("a", 1)).toEqual([]);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  expect(map.set("c", 3)).toEqual([["b", 2]]);
  expect([...map]).toEqual([
    ["a", 1],
    ["c", 3],
  ]);
});

it("counts a value that is set again once, and as used now", () => {
  const map = new LruMap<string, number>({ max: 2 });
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  expect(map.total).toBe(2);
  expect(map.set("c", 4)).toEqual([["b", 2]]);
});

it("holds as much as the sizes allow", () => {
  const map = bySize(10);
  map.set("a", "1234");
  map.set("b", "1234");
  expect(map.total).toBe(10);
  expect(map.set("c", "123456")).toEqual([
    ["a", "1234"],
    ["b", "1234"],
  ]);
  expect(map.total).toBe(7);
});

it("does not keep what alone is too large, nor anything beside it", () => {
  const map = bySize(5);
  map.set("a", "1");
  expect(map.set("b", "123456").map(([key]) => key)).toEqual(["a", "b"]);
  expect(map.total).toBe(0);
});

it("forgets one, and all", () => {
  const map = bySize(10);
  map.set("a", "1");
  map.set("b", "2");
  map.delete("a");
  map.delete("never there");
  expect([map.total, map.has("a"), map.has("b")]).toEqual([2, false, true]);
  map.clear();
  expect([map.total, [...map]]).toEqual([0, []]);
});
