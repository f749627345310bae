/** One task at a time. A task that fails does not poison the ones after it. */

export interface TaskQueue {
  /** Tasks that run or wait. */
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
