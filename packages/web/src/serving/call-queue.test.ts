import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { VlmError } from "../protocol/errors.ts";
import type { CallPriority } from "../protocol/options.ts";
import { CallQueue, MAX_EARLY, MAX_OVERTAKEN } from "./call-queue.ts";
import { createRateLimiter } from "./rate-limiter.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets promises that are settled go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** Lets `max` calls run at once. */
function createClaims(max: number) {
  let claimed = 0;
  const claim = () => {
    if (claimed >= max) return undefined;
    claimed++;
    const release = () => {
      claimed--;
    };
    return { release };
  };
  return { claim, free: () => max - claimed };
}

function create({ maxQueue = Infinity, rate = 0, perMs = 0, max = 1 } = {}) {
  const { claim, free } = createClaims(max);
  const depths: number[] = [];
  const refused: string[] = [];
  const queue = new CallQueue({
    maxQueue,
    limiter: rate > 0 ? createRateLimiter({ calls: rate, perMs }) : undefined,
    onDepth: (depth) => depths.push(depth),
    onRefused: (reason) => refused.push(reason),
    free,
  });
  const ran: string[] = [];
  /** Makes a call whose images are there; `leave` ends it. */
  const call = (name: string, priority: CallPriority = "interactive") => {
    const place = queue.enter(priority);
    const { position } = place;
    const turn = place.turn(undefined, claim).then(({ queuedMs }) => {
      ran.push(name);
      return queuedMs;
    });
    turn.catch(() => undefined);
    return { ...place, position, turn };
  };
  /** Ends one call after the other, until none is left. */
  const drain = async (places: { leave(): void }[], names: readonly string[]): Promise<void> => {
    // The list grows while it is read.
    for (const name of ran) {
      places[names.indexOf(name)]!.leave();
      await settle();
    }
  };
  return { queue, claim, depths, refused, ran, call, drain };
}

function fullOf(queue: CallQueue): VlmError<"queue-full">["details"] {
  try {
    queue.enter("interactive");
  } catch (error) {
    if (VlmError.is(error, "queue-full")) return error.details;
    throw error;
  }
  throw new Error("There was a place.");
}

describe("CallQueue", () => {
  it("runs one call at a time, in order, and says how long each has waited", async () => {
    const { call, ran, depths } = create();
    const [first, second] = [call("1"), call("2")];
    expect([first.position, second.position]).toEqual([0, 1]);
    await settle();
    expect(ran).toEqual(["1"]);
    vi.advanceTimersByTime(40);
    first.leave();
    expect(await second.turn).toBe(40);
    expect(await first.turn).toBe(0);
    second.leave();
    expect(depths).toEqual([1, 0, 1, 0]);
  });

  it("lets calls go past one whose images are not there yet", async () => {
    const { queue, claim, call, ran } = create();
    const slow = queue.enter("interactive");
    const quick = call("quick");
    expect(quick.position).toBe(0);
    await quick.turn;
    const turn = slow.turn(undefined, claim);
    quick.leave();
    await turn;
    expect(ran).toEqual(["quick"]);
  });

  it("runs interactive calls first, and a background call after some of them", async () => {
    const { call, ran, drain } = create();
    const names = ["now", "later 1", "later 2"];
    const places = [call("now"), call("later 1", "background"), call("later 2", "background")];
    expect(places.map(({ position }) => position)).toEqual([0, 1, 2]);
    for (let index = 0; index < MAX_OVERTAKEN + 2; index++) {
      names.push(`soon ${String(index)}`);
      places.push(call(names.at(-1)!));
    }
    expect(places[3]!.position).toBe(1);
    await settle();
    await drain(places, names);
    expect(ran).toHaveLength(names.length);
    expect(ran.indexOf("later 1")).toBe(1 + MAX_OVERTAKEN);
    expect(ran.slice(-3)).toEqual(["soon 8", "soon 9", "later 2"]);
  });

  it("refuses a call beyond its limit, and says when there may be a place", async () => {
    const { queue, call, refused } = create({ maxQueue: 1 });
    const first = call("1");
    const second = call("2");
    expect(fullOf(queue)).toMatchObject({ reason: "max-queue", limit: 1, waiting: 1 });
    await first.turn;
    vi.advanceTimersByTime(400);
    first.leave();
    await second.turn;
    call("3");
    vi.advanceTimersByTime(100);
    // The first call took 400 ms, and the one that runs has taken 100 of them.
    expect(fullOf(queue).retryAfterMs).toBe(300);
    vi.advanceTimersByTime(1000);
    expect(fullOf(queue).retryAfterMs).toBe(100);
    second.leave();
    expect(() => queue.enter("background")).not.toThrow();
    expect(refused).toEqual(["max-queue", "max-queue", "max-queue"]);
  });

  it("takes a call that need not wait, even if none may wait", async () => {
    const { queue, call } = create({ maxQueue: 0 });
    const first = call("1");
    expect(fullOf(queue)).toMatchObject({ limit: 0 });
    await first.turn;
    expect(fullOf(queue)).toMatchObject({ limit: 0 });
    first.leave();
    await call("2").turn;
  });

  it("holds calls to a rate, however fast they end", async () => {
    const { queue, call } = create({ rate: 2, perMs: 1000 });
    for (const name of ["1", "2"]) {
      const place = call(name);
      await place.turn;
      place.leave();
      vi.advanceTimersByTime(100);
    }
    expect(fullOf(queue)).toMatchObject({ reason: "rate-limit", limit: 2, retryAfterMs: 800 });
    vi.advanceTimersByTime(800);
    call("3");
    expect(fullOf(queue)).toMatchObject({ reason: "rate-limit", retryAfterMs: 100 });
  });

  it("lets some waiting calls fetch their images early, and the next one when one of them runs", async () => {
    const { queue, claim } = create();
    const taken: number[] = [];
    const places = Array.from({ length: MAX_EARLY + 2 }, (_, index) => {
      const place = queue.enter("background");
      void place.mayTake(undefined).then(() => taken.push(index));
      return place;
    });
    await settle();
    expect(taken).toHaveLength(MAX_EARLY);
    await places[0]!.turn(undefined, claim);
    await settle();
    expect(taken).toHaveLength(MAX_EARLY + 1);
    places[1]!.leave(); // Given up.
    await settle();
    expect(taken).toHaveLength(MAX_EARLY + 2);
    // Those in the background keep no interactive call from fetching.
    await queue.enter("interactive").mayTake(undefined);
  });

  it("lets as many calls run as can claim something, and goes past one that cannot", async () => {
    const { queue, call, ran, depths } = create({ max: 2, maxQueue: 2 });
    const picky = queue.enter("interactive");
    let hasWish = false;
    const turn = picky.turn(undefined, () => (hasWish ? { release: () => undefined } : undefined));
    const first = call("1");
    call("2");
    const third = call("3");
    await settle();
    expect(ran).toEqual(["1", "2"]);
    expect(third.position).toBe(3); // One waits, and two run.
    expect(fullOf(queue)).toMatchObject({ reason: "max-queue", waiting: 2 });
    first.leave();
    await settle();
    expect(ran).toEqual(["1", "2", "3"]);
    hasWish = true;
    queue.advance();
    expect((await turn).queuedMs).toBe(0);
    expect(depths.at(-1)).toBe(0);
  });

  it("gives the signal's reason at once, and the next call its turn", async () => {
    const { queue, claim, call, ran } = create();
    const first = call("1");
    const controller = new AbortController();
    const second = queue.enter("interactive");
    const turn = second.turn(controller.signal, claim);
    const third = call("3");
    const reason = new DOMException("enough", "AbortError");
    controller.abort(reason);
    await expect(turn).rejects.toBe(reason);
    second.leave();
    first.leave();
    await third.turn;
    expect(ran).toEqual(["1", "3"]);
  });

  it("rejects all that wait when it closes, and lets nobody in", async () => {
    const { queue, call } = create();
    call("1");
    const second = call("2");
    const third = queue.enter("interactive").mayTake(undefined);
    const error = new Error("disposed");
    queue.close(error);
    await expect(second.turn).rejects.toBe(error);
    await expect(third).resolves.toBeUndefined(); // It may take already.
    expect(() => queue.enter("interactive")).toThrow(error);
  });
});
