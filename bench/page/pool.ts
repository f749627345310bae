/** The same batch of pictures with one worker and with two, through the public API, one after the other. */

import { createVlm, type Vlm, type VlmOptions } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";
import { drawPicture } from "./picture.ts";

interface PoolRequest {
  readonly calls: number;
  readonly rounds: number;
  /** Two clients with a worker each, in place of a pool: a pool stays at one worker where there are threads. */
  readonly twoClients: boolean;
}

/** Milliseconds for the batch, by round. */
export interface PoolTimes {
  readonly one: readonly number[];
  readonly two: readonly number[];
  /** How long each call took without its wait, while one worker computed and while two did. */
  readonly calls: { readonly one: readonly number[]; readonly two: readonly number[] };
  /** How long a further worker took to load what is stored, by round. */
  readonly starts: readonly number[];
  readonly limit: string | undefined;
}

const TIMEOUT_MS = 600_000;

const load = (options: Partial<VlmOptions> = {}): Promise<Vlm> =>
  createVlm({
    worker: () => new Worker(new URL("./kit.worker.ts", import.meta.url), { type: "module" }),
    model: tinyModel(),
    device: "wasm",
    ...options,
  });

/** Waits until all workers are loaded. */
async function loadPool(workers = 2): Promise<Vlm> {
  const pool = await load({ pool: { min: workers, max: workers } });
  while (pool.scalingStatus()!.workers < workers) {
    const { limit } = pool.scalingStatus()!;
    if (limit.workers < workers) throw new Error(`No more workers: ${limit.reason}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return pool;
}

/**
 * @param calls gets how long each call took without its wait
 * @returns how long all calls took, in milliseconds
 */
async function time(
  clients: readonly Vlm[],
  pictures: readonly Blob[],
  calls: number[] = [],
): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    pictures.map(async (picture, index) => {
      const options = { cache: false, timeoutMs: TIMEOUT_MS };
      const { timings } = await clients[index % clients.length]!.caption(picture, options);
      calls.push(timings.totalMs - timings.queueMs);
    }),
  );
  return performance.now() - startedAt;
}

/** @returns how long the second worker takes to load, in milliseconds */
async function timeStart(): Promise<number> {
  const pool = await loadPool();
  const { startMs } = pool.scalingStatus()!;
  await pool.dispose();
  return startMs!;
}

async function measure({ calls, rounds, twoClients }: PoolRequest): Promise<PoolTimes> {
  const pictures = await Promise.all(
    Array.from({ length: calls }, (_, seed) => drawPicture({ seed, size: 512 })),
  );
  const one = [await load()];
  const two = twoClients ? [one[0]!, await load()] : [await loadPool()];
  const times: { one: number[]; two: number[] } = { one: [], two: [] };
  const each: typeof times = { one: [], two: [] };
  // The first round finds cold code.
  for (let round = 0; round <= rounds; round++) {
    const isCold = round === 0;
    const oneMs = await time(one, pictures, isCold ? [] : each.one);
    const twoMs = await time(two, pictures, isCold ? [] : each.two);
    if (isCold) continue;
    times.one.push(oneMs);
    times.two.push(twoMs);
  }
  const limit = two[0]!.scalingStatus()?.limit.reason;
  await Promise.all([...one, ...two].map((vlm) => vlm.dispose()));
  const starts: number[] = [];
  for (let round = 0; !twoClients && round < rounds; round++) starts.push(await timeStart());
  return { ...times, calls: each, starts, limit };
}

/** Captions a batch with so many workers, and keeps them. */
async function keep(workers: number): Promise<void> {
  const pool = await loadPool(workers);
  Object.assign(window, { pool });
  await time(
    [pool],
    await Promise.all([1, 2, 3, 4].map((seed) => drawPicture({ seed, size: 512 }))),
  );
}

declare global {
  interface Window {
    measurePool: typeof measure;
    keepPool: typeof keep;
  }
}

window.measurePool = measure;
window.keepPool = keep;
