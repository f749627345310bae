/** A clock of a page that goes on only when a test says so: for deadlines of minutes. */

interface Timer {
  readonly run: () => void;
  at: number;
  readonly every: number | undefined;
}

interface PageClock {
  runFor(ms: number): Promise<void>;
}

/** Refers to nothing outside of itself: its text runs in the page. */
export function installClock(): void {
  const timers = new Map<number, Timer>();
  const realSetTimeout = globalThis.setTimeout.bind(globalThis);
  const [startTime, startNow] = [Date.now(), performance.now()];
  let [now, lastId] = [0, 0];
  const add =
    (repeats: boolean) =>
    (work: (...values: unknown[]) => void, ms = 0, ...values: unknown[]): number => {
      const wait = Math.max(ms, repeats ? 1 : 0);
      const run = (): void => {
        work(...values);
      };
      timers.set(++lastId, { run, at: now + wait, every: repeats ? wait : undefined });
      return lastId;
    };
  const remove = (id: number | undefined): void => {
    if (id !== undefined) timers.delete(id);
  };
  const clock: PageClock = {
    async runFor(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= end);
        const [next] = due.sort(([, one], [, other]) => one.at - other.at);
        if (!next) break;
        const [id, timer] = next;
        now = timer.at;
        if (timer.every === undefined) timers.delete(id);
        else timer.at += timer.every;
        timer.run();
        // What follows from a timer may set the next.
        await new Promise((resolve) => realSetTimeout(resolve, 0));
      }
      now = end;
    },
  };
  Object.assign(globalThis, {
    setTimeout: add(false),
    setInterval: add(true),
    clearTimeout: remove,
    clearInterval: remove,
    [Symbol.for("test-clock")]: clock,
  });
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    globalThis.setTimeout(() => {
      controller.abort(new DOMException("The signal timed out.", "TimeoutError"));
    }, ms);
    return controller.signal;
  };
  Date.now = () => startTime + now;
  performance.now = () => startNow + now;
}

/** Runs in the page. */
export function runClockFor(ms: number): Promise<void> {
  return (globalThis as unknown as Record<symbol, PageClock>)[Symbol.for("test-clock")]!.runFor(ms);
}
