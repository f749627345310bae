/**
 * A lock for places without Web Locks: a record that says who holds it and until when. Its holder
 * renews it; one that has not been renewed is free to take.
 */

import type { Store } from "../storage/store.ts";
import { LockLost } from "./lock-lost.ts";
import { untilAborted } from "./until-aborted.ts";

interface Lease {
  readonly owner: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const POLL_MS = 250;

export interface LeaseOptions {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly store: Store;
  /** How long a lease holds that is not renewed. */
  readonly takeOverAfterMs: number;
}

export function createLease({ name, signal, store, takeOverAfterMs }: LeaseOptions) {
  const key = `lease|${name}`;
  const owner = crypto.getRandomValues(new Uint32Array(4)).join("-");

  /** Takes or renews the lease where it is free, ours, over, or to be taken anyhow. */
  const claim = async (force: boolean): Promise<boolean> => {
    let isOurs = false;
    await store.update(key, (value) => {
      const lease = value as Lease | undefined;
      isOurs = force || !lease || lease.owner === owner || lease.until < Date.now();
      return isOurs ? ({ owner, until: Date.now() + takeOverAfterMs } satisfies Lease) : lease;
    });
    return isOurs;
  };

  const release = (): Promise<void> =>
    store.update(key, (value) =>
      (value as Lease | undefined)?.owner === owner ? undefined : value,
    );

  return {
    /** @param silence when it aborts, the lease is taken from whoever holds it */
    async hold<T>(silence: AbortSignal, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
      while (!(await claim(silence.aborted))) await untilAborted(delay(POLL_MS), signal);
      const lost = new AbortController();
      const renew = setInterval(() => {
        void (async () => {
          const lease = (await store.get(key)) as Lease | undefined;
          const isTaken = lease !== undefined && lease.owner !== owner;
          if (isTaken) lost.abort(new LockLost());
          else await claim(false);
        })();
      }, takeOverAfterMs / 4);
      try {
        return await work(lost.signal);
      } finally {
        clearInterval(renew);
        await release();
      }
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
