import { describe, expect, it } from "vitest";
import { createTaskQueue } from "./task-queue.ts";

describe("createTaskQueue", () => {
  it("runs one task at a time, in order", async () => {
    const queue = createTaskQueue();
    const log: string[] = [];
    const task = (name: string, pause: number) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, pause));
      log.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([queue.add(task("a", 10)), queue.add(task("b", 0))])).toEqual([
      "a",
      "b",
    ]);
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it("goes on after a task that fails, and gives the failure to its own caller only", async () => {
    const queue = createTaskQueue();
    const error = new Error("first");
    const first = queue.add(() => Promise.reject(error));
    const second = queue.add(() => Promise.resolve("second"));
    await expect(first).rejects.toBe(error);
    expect(await second).toBe("second");
    expect(await queue.add(() => Promise.resolve("third"))).toBe("third");
  });

  it("goes on after a task that throws before it returns a promise", async () => {
    const queue = createTaskQueue();
    const thrown = queue.add(() => {
      throw new Error("at once");
    });
    await expect(thrown).rejects.toThrow("at once");
    expect(await queue.add(() => Promise.resolve(1))).toBe(1);
  });

  it("counts what runs and what waits, failures included", async () => {
    const queue = createTaskQueue();
    expect(queue.size).toBe(0);
    const tasks = [
      queue.add(() => Promise.resolve()),
      queue.add(() => Promise.reject(new Error("no"))),
    ];
    expect(queue.size).toBe(2);
    await Promise.allSettled(tasks);
    expect(queue.size).toBe(0);
  });
});
