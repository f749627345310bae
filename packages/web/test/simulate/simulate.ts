/**
 * Replays a trace through a rule with a clock that jumps from one event to the next. The rule is asked when the pool of the kit
 * asks its policy (`serving/worker-pool.ts`): when a call is made, when one has ended, when a worker is loaded, and a second
 * after the last time while something may change.
 */

import type { Rule } from "./rules.ts";
import type { SimulatedCall } from "./traces.ts";

export interface Machine {
  /** How long a worker takes to load the model. */
  readonly startMs: number;
  /** How many workers are possible. */
  readonly ceiling: number;
  /** The pool stops asking when nothing runs and there are no more workers than this. */
  readonly min: number;
}

export interface Change {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

export interface Outcome {
  /** How long each call waited until a loaded worker began with it, in milliseconds. */
  readonly waits: readonly number[];
  /** Seconds of all workers together, loading included, until {@link Outcome.endedAt}. */
  readonly workerSeconds: number;
  readonly changes: readonly Change[];
  /** How many workers there were at the end. */
  readonly workers: number;
  readonly endedAt: number;
}

const TICK_MS = 1000;
/** How much the newest call counts for the length of calls, as in `serving/call-queue.ts`. */
const NEWEST_SHARE = 0.25;

interface SimulatedWorker {
  readonly startedAt: number;
  readonly loadedAt: number;
  isKnownAsLoaded: boolean;
  /** The call that it has, and when it is done. */
  call: { readonly doneAt: number; readonly computeMs: number } | undefined;
  isLeaving: boolean;
}

/** @param tailMs how long the replay goes on after the last call was made */
export function simulate(
  calls: readonly SimulatedCall[],
  rule: Rule,
  { startMs, ceiling, min }: Machine,
  tailMs = 120_000,
): Outcome {
  const workers: SimulatedWorker[] = [];
  const queue: SimulatedCall[] = [];
  const waits: number[] = [];
  const changes: Change[] = [];
  const endAt = (calls.at(-1)?.at ?? 0) + tailMs;
  /** So long would one worker take for all calls, if it started anew for each. */
  const lastAt = endAt + calls.reduce((sum, { computeMs }) => sum + computeMs + startMs, 0);
  let now = 0;
  let made = 0;
  let callMs: number | undefined;
  let knownStartMs: number | undefined;
  let workerMs = 0;
  let tickAt = Infinity;

  const alive = (): SimulatedWorker[] => workers.filter((worker) => !worker.isLeaving);
  const start = (loadedAt: number): void => {
    const worker = { startedAt: now, loadedAt, call: undefined, isLeaving: false };
    workers.push({ ...worker, isKnownAsLoaded: loadedAt <= now });
  };
  const end = (worker: SimulatedWorker): void => {
    workerMs += now - worker.startedAt;
    workers.splice(workers.indexOf(worker), 1);
  };

  /** Gives calls to workers: to loaded ones, or to one that loads where none is loaded. */
  const advance = (): void => {
    while (queue.length > 0) {
      const loaded = alive().filter(({ loadedAt }) => loadedAt <= now);
      const seats = loaded.length > 0 ? loaded : alive();
      const free = seats.find(({ call }) => !call);
      if (!free) return;
      const { at, computeMs } = queue.shift()!;
      const beginsAt = Math.max(now, free.loadedAt);
      waits.push(beginsAt - at);
      free.call = { doneAt: beginsAt + computeMs, computeMs: beginsAt - now + computeMs };
    }
  };

  const ask = (): void => {
    const from = alive().length;
    const running = workers.filter(({ call }) => call).length;
    const observed = { now, workers: from, running, waiting: queue.length, arrivals: made };
    const to = rule.wanted({ ...observed, callMs, startMs: knownStartMs, ceiling });
    if (to !== from) changes.push({ at: now, from, to });
    for (let more = from; more < to; more++) start(now + startMs);
    // Those without a call first, and of these the newest.
    const order = alive().reverse();
    order.sort((a, b) => Number(a.call !== undefined) - Number(b.call !== undefined));
    for (const worker of order.slice(0, Math.max(0, from - to))) {
      worker.isLeaving = true;
      if (!worker.call) end(worker);
    }
    const mayChange = queue.length > 0 || workers.some(({ call }) => call) || alive().length > min;
    tickAt = mayChange ? now + TICK_MS : Infinity;
  };

  for (let more = 0; more < rule.first; more++) start(0);
  ask();
  while (true) {
    const next = Math.min(
      calls[made]?.at ?? Infinity,
      tickAt,
      ...workers.map(({ call }) => call?.doneAt ?? Infinity),
      ...workers.map(({ isKnownAsLoaded, loadedAt }) => (isKnownAsLoaded ? Infinity : loadedAt)),
    );
    const isOver = made === calls.length && queue.length === 0 && !workers.some(({ call }) => call);
    // A rule that starts no worker for calls that wait would be asked for ever.
    if (next === Infinity || next > lastAt || (isOver && next > endAt)) break;
    now = next;
    const done = workers.find(({ call }) => call && call.doneAt <= now);
    const loaded = workers.find((worker) => !worker.isKnownAsLoaded && worker.loadedAt <= now);
    if (done) {
      const { computeMs } = done.call!;
      callMs = callMs === undefined ? computeMs : callMs + (computeMs - callMs) * NEWEST_SHARE;
      done.call = undefined;
      if (done.isLeaving) end(done);
      advance();
    } else if (loaded) {
      loaded.isKnownAsLoaded = true;
      knownStartMs = startMs;
      advance();
    } else {
      while (calls[made] && calls[made]!.at <= now) queue.push(calls[made++]!);
      advance();
    }
    ask();
  }
  now = Math.max(now, endAt);
  for (const worker of workers) workerMs += now - worker.startedAt;
  const count = alive().length;
  return { waits, workerSeconds: workerMs / 1000, changes, workers: count, endedAt: now };
}
