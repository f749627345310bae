/** Runs one task at a time. When a task fails, the tasks after it run all the same. */

export interface TaskQueue {
  /** The number of tasks that run or wait. */
  readonly size: number;
  /** Runs `task` after all earlier ones. */
  add<T>(task: () => Promise<T>): Promise<T>;
}

export function createTaskQueue(): TaskQueue {
  let tail: Promise<unknown> = Promise.resolve();
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(task) {
      size += 1;
      const run = tail.then(task).finally(() => {
        size -= 1;
      });
      tail = run.catch(() => undefined);
      return run;
    },
  };
}
