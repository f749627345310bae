/**
 * Counts the calls of all tabs of an origin. Each client writes the times of its own calls under a key of its own, so that no
 * tab overwrites what another one has counted, and reads those of the others. A call of another tab may be seen some
 * milliseconds late.
 */

import type { RateLimit } from "../protocol/options.ts";
import { callTimes } from "../schema/call-times.ts";
import { readStored } from "../schema/read.ts";
import { randomName } from "../shared/random-name.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { parseOrUndefined, type TextStorage } from "./text-storage.ts";

export interface OriginRateLimiterOptions {
  readonly storage: TextStorage;
  /** The name of the client's storage. Clients with the same name share the limit. */
  readonly name: string;
  /** Milliseconds since the epoch, which all tabs count alike. */
  readonly now?: () => number;
}

export function createOriginRateLimiter(
  { calls, perMs }: RateLimit,
  { storage, name, now = Date.now }: OriginRateLimiterOptions,
): RateLimiter {
  const prefix = `${name}.calls.`;
  const ownKey = prefix + randomName();
  let own: readonly number[] = [];

  const readOthers = (at: number): readonly number[] =>
    storage
      .keys()
      .filter((key) => key.startsWith(prefix) && key !== ownKey)
      .flatMap((key) => {
        const record = readStored(callTimes, parseOrUndefined(storage.get(key)));
        if (record && record.until > at) return record.times;
        storage.delete(key); // It counts for nobody any more. A tab that is still there writes it again with its next call.
        return [];
      });

  return {
    calls,
    take() {
      const at = now();
      // A clock that was set back makes calls of the future, which count for nobody.
      const isRecent = (time: number): boolean => time > at - perMs && time <= at;
      own = own.filter(isRecent);
      const recent = [...own, ...readOthers(at).filter(isRecent)].sort((one, other) => one - other);
      if (recent.length >= calls) return recent[recent.length - calls]! + perMs - at;
      own = [...own, at];
      storage.set(ownKey, JSON.stringify({ times: own, until: at + perMs }));
      return 0;
    },
  };
}
