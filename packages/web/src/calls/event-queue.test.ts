import { describe, expect, it } from "vitest";
import { createEventQueue, type EventQueue } from "./event-queue.ts";

async function collect<T>(queue: EventQueue<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const event of queue) seen.push(event);
  return seen;
}

describe("createEventQueue", () => {
  it("gives out what was pushed before, in order", async () => {
    const queue = createEventQueue<number>();
    for (const event of [1, 0, 2]) queue.push(event);
    queue.end();
    expect(await collect(queue)).toEqual([1, 0, 2]);
  });

  it("waits for what comes later", async () => {
    const queue = createEventQueue<number>();
    const seen = collect(queue);
    for (const event of [1, 2, 3]) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      queue.push(event);
    }
    queue.end();
    expect(await seen).toEqual([1, 2, 3]);
  });

  it("gives out every event before it fails", async () => {
    const queue = createEventQueue<number>();
    const error = new Error("late");
    const events = queue[Symbol.asyncIterator]();
    queue.push(1);
    queue.fail(error);
    expect(await events.next()).toEqual({ done: false, value: 1 });
    await expect(events.next()).rejects.toBe(error);
  });

  it("wakes whoever waits when it fails, also with undefined", async () => {
    const queue = createEventQueue<number>();
    const next = queue[Symbol.asyncIterator]().next();
    queue.fail(undefined);
    await expect(next).rejects.toBeUndefined();
  });

  it("keeps its first outcome", async () => {
    const queue = createEventQueue<number>();
    queue.end();
    queue.fail(new Error("late"));
    expect(await collect(queue)).toEqual([]);
  });
});
