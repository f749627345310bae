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

/** Waits until both workers are loaded. */
async function loadPool(): Promise<Vlm> {
  const pool = await load({ pool: { min: 2, max: 2 } });
  while (pool.scalingStatus()!.workers < 2) {
    const { limit } = pool.scalingStatus()!;
    if (limit.workers < 2) throw new Error(`No second worker: ${limit.reason}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return pool;
}

/** @returns how long all calls took, in milliseconds */
async function time(clients: readonly Vlm[], pictures: readonly Blob[]): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    pictures.map((picture, index) =>
      clients[index % clients.length]!.caption(picture, { cache: false, timeoutMs: TIMEOUT_MS }),
    ),
  );
  return performance.now() - startedAt;
}

async function measure({ calls, rounds, twoClients }: PoolRequest): Promise<PoolTimes> {
  const pictures = await Promise.all(
    Array.from({ length: calls }, (_, seed) => drawPicture({ seed, size: 512 })),
  );
  const one = [await load()];
  const two = twoClients ? [one[0]!, await load()] : [await loadPool()];
  const times: { one: number[]; two: number[] } = { one: [], two: [] };
  // The first round finds cold code.
  for (let round = 0; round <= rounds; round++) {
    const oneMs = await time(one, pictures);
    const twoMs = await time(two, pictures);
    if (round === 0) continue;
    times.one.push(oneMs);
    times.two.push(twoMs);
  }
  const limit = two[0]!.scalingStatus()?.limit.reason;
  await Promise.all([...one, ...two].map((vlm) => vlm.dispose()));
  return { ...times, limit };
}

declare global {
  interface Window {
    measurePool: typeof measure;
  }
}

window.measurePool = measure;
