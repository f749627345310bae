/**
 * A lock for browsers without Web Locks. It is a record that says who holds it and until when. The holder renews it; a
 * lease that was not renewed in time may be taken.
 */

import type { Store } from "../storage/store.ts";
import { LockLost } from "./lock-lost.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import { randomName } from "../shared/random-name.ts";

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
  /** How long a lease is valid without being renewed, in milliseconds. */
  readonly takeOverAfterMs: number;
}

export function createLease({ name, signal, store, takeOverAfterMs }: LeaseOptions) {
  const key = `lease|${name}`;
  const owner = randomName();

  const write = async (isAllowed: (lease: Lease | undefined) => boolean): Promise<boolean> => {
    let isWritten = false;
    await store.update(key, (value) => {
      const lease = value as Lease | undefined;
      isWritten = isAllowed(lease);
      return isWritten ? ({ owner, until: Date.now() + takeOverAfterMs } satisfies Lease) : lease;
    });
    return isWritten;
  };

  /** Who held the lease when it was last seen. The lease is taken only from this holder, not from a new one. */
  let holder: string | undefined;

  const claim = (isSilent: boolean): Promise<boolean> =>
    write((lease) => {
      const isForfeit = isSilent && lease?.owner === holder;
      if (!isSilent) holder = lease?.owner;
      return isForfeit || !lease || lease.until < Date.now();
    });

  /** Renews the lease. If it is gone, another tab took it and gave it back while this tab stood still. */
  const renew = (): Promise<boolean> => write((lease) => lease?.owner === owner);

  const release = (): Promise<void> =>
    store.update(key, (value) =>
      (value as Lease | undefined)?.owner === owner ? undefined : value,
    );

  return {
    /** @param silence when it aborts, the lease is taken from the holder of that moment */
    async hold<T>(silence: AbortSignal, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
      while (!(await claim(silence.aborted))) await untilAborted(delay(POLL_MS), signal);
      const lost = new AbortController();
      const lose = (): void => {
        lost.abort(new LockLost());
      };
      const renewal = setInterval(() => {
        renew().then((isOurs) => {
          if (!isOurs) lose();
        }, lose);
      }, takeOverAfterMs / 4);
      try {
        return await work(lost.signal);
      } finally {
        clearInterval(renewal);
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
