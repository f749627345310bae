/**
 * Replays calls through ways to choose a remote node, with a clock of its own: three nodes, the first of which is slow in every
 * second half minute. The kit's own way is the code that the client runs.
 */

import { chooseRemote, type Rated } from "../../src/remote/choose-remote.ts";
import { createLatency, type Latency } from "../../src/remote/latency.ts";

/** Chooses one of the nodes for a call. */
export type Choose = <Node extends Rated>(nodes: readonly Node[]) => Node;

export interface RemoteRule {
  readonly choose: Choose;
  /** A call that has no answer after this time is sent to a second node too. */
  readonly hedgeAfterMs?: number | undefined;
}

const CALLS_PER_SECOND = 17;
const LASTS_MS = 600_000;
const NODES = 3;
const ANSWER_MS = { least: 210, most: 390 } as const;
const SLOW_EVERY_MS = 60_000;
const SLOW_FACTOR = 10;

class Server implements Rated {
  readonly weight = 1;
  outstanding = 0;
  readonly isUnsteady: boolean;
  readonly latency: Latency;

  constructor(isUnsteady: boolean, now: () => number) {
    this.isUnsteady = isUnsteady;
    this.latency = createLatency(now);
  }

  get latencyMs(): number | undefined {
    return this.latency.read();
  }
}

/** @returns the kit's rule: two nodes by chance, and the better one of them */
export function betterOfTwo(random: () => number): Choose {
  return (nodes) => chooseRemote(nodes, random)!;
}

export function atRandom(random: () => number): Choose {
  return (nodes) => nodes[Math.floor(random() * nodes.length)]!;
}

export function oneAfterTheOther(): Choose {
  let calls = 0;
  return (nodes) => nodes[calls++ % nodes.length]!;
}

/**
 * @param random returns a number from 0 to below 1
 * @returns how long each call took, in milliseconds, the shortest first
 */
export function simulateRemote(
  { choose, hedgeAfterMs }: RemoteRule,
  random: () => number,
): number[] {
  const clock = createClock();
  const nodes = Array.from({ length: NODES }, (_, index) => new Server(index === 0, clock.now));
  const times: number[] = [];

  const call = (): void => {
    const startedAt = clock.now();
    const attempts: (() => void)[] = [];
    let isAnswered = false;

    const attempt = (candidates: readonly Server[]): Server => {
      const node = choose(candidates);
      const askedAt = clock.now();
      let isDone = false;
      const leave = (): void => {
        node.outstanding -= 1;
        if (!isDone) node.latency.noteUnanswered(clock.now() - askedAt);
      };
      node.outstanding += 1;
      attempts.push(leave);
      clock.at(askedAt + answerMs(node, askedAt), () => {
        if (isAnswered) return;
        isAnswered = true;
        isDone = true;
        node.latency.note(clock.now() - askedAt);
        times.push(clock.now() - startedAt);
        for (const end of attempts) end();
      });
      return node;
    };

    const first = attempt(nodes);
    if (hedgeAfterMs === undefined) return;
    clock.at(startedAt + hedgeAfterMs, () => {
      if (!isAnswered) attempt(nodes.filter((node) => node !== first));
    });
  };

  const answerMs = ({ isUnsteady }: Server, at: number): number => {
    const { least, most } = ANSWER_MS;
    const isSlow = isUnsteady && at % SLOW_EVERY_MS >= SLOW_EVERY_MS / 2;
    return (least + random() * (most - least)) * (isSlow ? SLOW_FACTOR : 1);
  };

  // Arrivals at random: the time between two is exponential (a Poisson process).
  for (let at = 0; at < LASTS_MS; at -= (1000 / CALLS_PER_SECOND) * Math.log(1 - random())) {
    clock.at(at, call);
  }
  clock.run();
  return times.sort((one, other) => one - other);
}

interface Clock {
  readonly now: () => number;
  readonly at: (moment: number, work: () => void) => void;
  readonly run: () => void;
}

/** Does what is planned, in the order of its moments. */
function createClock(): Clock {
  const plan: { readonly moment: number; readonly work: () => void }[] = [];
  let moment = 0;
  return {
    now: () => moment,
    at(when, work) {
      let [low, high] = [0, plan.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        // The last of the plan is the next one.
        if (plan[middle]!.moment > when) low = middle + 1;
        else high = middle;
      }
      plan.splice(low, 0, { moment: when, work });
    },
    run() {
      for (let next = plan.pop(); next; next = plan.pop()) {
        moment = next.moment;
        next.work();
      }
    },
  };
}
