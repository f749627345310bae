import { beforeEach, expect, it } from "vitest";
import { createOriginRateLimiter } from "./origin-rate-limiter.ts";
import type { TextStorage } from "./text-storage.ts";

let texts: Map<string, string>;
let now: number;

const storage: TextStorage = {
  get: (key) => texts.get(key),
  set: (key, value) => texts.set(key, value),
  delete: (key) => texts.delete(key),
  keys: () => [...texts.keys()],
};

/** A tab of the origin. */
const open = (calls = 2, perMs = 1000, name = "kit") =>
  createOriginRateLimiter({ calls, perMs }, { storage, name, now: () => now });

beforeEach(() => {
  texts = new Map();
  now = 1_000_000;
});

it("counts the calls of all tabs, and says when the next one may go", () => {
  const [one, other] = [open(), open()];
  expect(one.take()).toBe(0);
  now += 300;
  expect(other.take()).toBe(0);
  now += 100;
  expect(one.take()).toBe(600);
  expect(other.take()).toBe(600);
  // A tab that is opened now knows of them too.
  expect(open().take()).toBe(600);
  now += 600;
  expect(one.take()).toBe(0);
  expect(other.take()).toBe(300);
});

it("counts clients of another name apart", () => {
  open().take();
  open().take();
  expect(open(2, 1000, "other").take()).toBe(0);
});

it("removes what a tab left when it counts for nobody any more", () => {
  open().take();
  const still = open(2, 60_000);
  still.take();
  expect(texts.size).toBe(2);
  now += 1000;
  expect(still.take()).toBe(0);
  expect(texts.size).toBe(1);
});

it("does without what is damaged, and without calls of a clock that was set back", () => {
  texts.set("kit.calls.damaged", "{");
  texts.set("kit.calls.wrong", JSON.stringify({ times: "now", until: now * 2 }));
  texts.set("kit.calls.future", JSON.stringify({ times: [now + 5, now + 6], until: now * 2 }));
  expect(open().take()).toBe(0);
  expect([...texts.keys()].sort()).toContain("kit.calls.future");
  expect(texts.size).toBe(2);
});

it("is the limit of one tab where nothing can be written", () => {
  const full: TextStorage = { ...storage, set: () => undefined };
  const limiter = createOriginRateLimiter(
    { calls: 1, perMs: 1000 },
    { storage: full, name: "kit", now: () => now },
  );
  expect(limiter.take()).toBe(0);
  expect(limiter.take()).toBe(1000);
});
