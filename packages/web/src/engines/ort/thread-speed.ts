/**
 * Times what onnxruntime's threads bring in this browser, with ORT's own pool of threads
 * (decisions/2026-11-27-threads-are-timed.md).
 *
 * A chain of matrix products is run in two sizes. Of the small ones, ORT gives each to one thread (64 Ki multiplications or fewer);
 * the large ones are divided. A third size has nearly no work, so that the cost of a run and of a node can be taken off.
 */

import type { OrtModule } from "./ort-source.ts";
import { chainModel } from "./thread-chain.ts";

/** Runs the chain once, with a matrix of `rows` × `side` and one of `side` × `side`. */
export type RunChain = (rows: number, side: number) => Promise<void>;

interface Size {
  readonly rows: number;
  readonly side: number;
}

const SMALL: Size = { rows: 4, side: 124 };
const LARGE: Size = { rows: 4, side: 352 };
const EMPTY: Size = { rows: 1, side: 8 };

/** How much more there is to multiply in the large size. */
const LARGER = (LARGE.side / SMALL.side) ** 2;

/** So often does each size run before it counts, because browsers compile what is used often once more. */
const WARM_UPS = 3;

const FEWEST_ROUNDS = 6;
const MOST_ROUNDS = 24;
/** For all runs together, but for the one that is under way. */
const MOST_MS = 100;

/** Threads that bring this much are taken at once. */
const CLEARLY_FASTER = 1.1;

/**
 * How many times as fast all threads are as one. Below 1, they make inference slower. The run at the lower quartile of each size
 * counts: that is not held up by what else the machine does, unless it always does something. A result of 1.1 or more ends
 * the measurement, so that no more is known of it.
 */
export async function timeThreads(run: RunChain, now = () => performance.now()): Promise<number> {
  const times: Times = { small: [], large: [], empty: [] };
  const time = async (size: keyof Times, { rows, side }: Size): Promise<void> => {
    const startedAt = now();
    await run(rows, side);
    times[size].push(now() - startedAt);
  };
  const runAll = async (): Promise<void> => {
    await time("empty", EMPTY);
    await time("small", SMALL);
    await time("large", LARGE);
  };
  const endAt = now() + MOST_MS;
  for (let round = 0; round < WARM_UPS; round++) {
    await runAll();
    // Threads may be hundreds of times slower than one. Then a run takes a second, and one says enough.
    if (now() >= endAt) return speedOf(times);
  }
  for (const size of Object.values(times)) size.length = 0;
  for (let round = 1; ; round++) {
    await runAll();
    const speed = speedOf(times);
    const isClear = round >= FEWEST_ROUNDS && speed >= CLEARLY_FASTER;
    if (isClear || round === MOST_ROUNDS || now() >= endAt) return speed;
  }
}

/** The milliseconds of each run, by its size. */
type Times = Record<"small" | "large" | "empty", number[]>;

function speedOf(times: Times): number {
  const empty = lowerQuartile(times.empty);
  const [small, large] = [lowerQuartile(times.small) - empty, lowerQuartile(times.large) - empty];
  // Clocks of browsers may have steps of 0.1 ms and more, so that differences can be nothing.
  return (LARGER * Math.max(0, small)) / Math.max(0.1, large);
}

function lowerQuartile(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 4)]!;
}

/** The same, with a runtime that was started with its threads. */
export async function timeThreadsOf(ort: OrtModule): Promise<number> {
  const session = await ort.InferenceSession.create(chainModel(), { executionProviders: ["wasm"] });
  const zeros = (rows: number, side: number) =>
    new ort.Tensor("float32", new Float32Array(rows * side), [rows, side]);
  try {
    return await timeThreads(async (rows, side) => {
      const { y } = await session.run({ x: zeros(rows, side), w: zeros(side, side) });
      y?.dispose();
    });
  } finally {
    await session.release();
  }
}
