/** What a server may do wrong, as data that a test plants and removes while it runs. */

import { parseRange, type Asked } from "./byte-range.ts";
import type { Content } from "./served-content.ts";

/**
 * - `status`: an error, 500 unless `status` says, with `retryAfter` as its `Retry-After`, and `headers`
 * - `html`: 200 with a web page
 * - `truncate`: the file ends half-way, and every header agrees
 * - `corrupt`: one bit is flipped: in the file's byte `atByte`, or in the first byte of each answer
 * - `stall`: no answer; with `afterBytes`, headers and so many bytes of the body, then silence
 * - `cut`: the socket is destroyed after `afterBytes` of this answer's body, or after half of it
 * - `ignore-range`: a request for a range gets 200 and the whole file
 * - `refuse-range`: a request for a range gets 416, whichever it is
 * - `wrong-range`: 206 with the bytes one place beside those asked for, which `Content-Range` admits
 * - `short`, `long`: the body ends properly, without a `Content-Length`, with fewer bytes than the
 *   answer is about (`afterBytes`, or half), or with 1 KiB more
 * - `gzip`: 200, the whole file packed, of a length that is not told
 * - `hide-headers`: CORS shows a page none of the headers that it must be allowed to see
 * - `delay`: the answer begins `ms` later
 * - `slow`: at most `bytesPerSecond`
 */
type FaultKind =
  | "status"
  | "html"
  | "truncate"
  | "corrupt"
  | "stall"
  | "cut"
  | "ignore-range"
  | "refuse-range"
  | "wrong-range"
  | "short"
  | "long"
  | "gzip"
  | "hide-headers"
  | "delay"
  | "slow";

/**
 * What goes wrong with requests whose path contains `path`. The first fault that fits a request
 * strikes it, and with it the first `delay`, `slow` and `hide-headers` that fit.
 */
export interface Fault {
  readonly path: string;
  readonly kind: FaultKind;
  /** How often it strikes; always, unless given. */
  readonly times?: number;
  /** Strikes only requests for bytes from here on, by the first byte they ask for. */
  readonly fromByte?: number;
  readonly status?: number;
  /** Seconds, or an HTTP date. */
  readonly retryAfter?: number | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly afterBytes?: number;
  readonly atByte?: number;
  readonly ms?: number;
  readonly bytesPerSecond?: number;
}

/** The faults that strike one request. */
export type Struck = Partial<Record<"answer" | "delay" | "slow" | "hide-headers", Fault>>;

/** How often each fault has struck. */
export type Strikes = WeakMap<Fault, number>;

/** Finds the faults that strike a request, and counts them. `content` is undefined where there is none. */
export function strike(
  faults: readonly Fault[],
  strikes: Strikes,
  path: string,
  asked: Asked,
  content: Content | undefined,
): Struck {
  const struck: Struck = {};
  for (const fault of faults) {
    const part = isBesideOthers(fault.kind) ? fault.kind : "answer";
    const count = strikes.get(fault) ?? 0;
    if (struck[part] || count >= (fault.times ?? Infinity)) continue;
    if (!path.includes(fault.path) || !fits(fault, asked, content)) continue;
    strikes.set(fault, count + 1);
    struck[part] = fault;
  }
  return struck;
}

function isBesideOthers(kind: FaultKind): kind is "delay" | "slow" | "hide-headers" {
  return kind === "delay" || kind === "slow" || kind === "hide-headers";
}

/** Whether the fault could be seen in the answer: one that could not must not count as a strike. */
function fits(fault: Fault, asked: Asked, content: Content | undefined): boolean {
  const size = content?.bytes.length ?? 0;
  const wanted = parseRange(asked.range, size);
  const { start, end } = wanted?.range ?? { start: 0, end: size - 1 };
  if (start < (fault.fromByte ?? 0)) return false;
  const isWithoutBody = fault.kind === "stall" && fault.afterBytes === undefined;
  if (isBesideOthers(fault.kind) || isWithoutBody) return true;
  if (fault.kind === "status" || fault.kind === "html") return true;
  if (!content || asked.method !== "GET" || wanted?.isSatisfiable === false) return false;
  switch (fault.kind) {
    case "ignore-range":
    case "refuse-range":
      return wanted !== undefined;
    case "wrong-range":
      return wanted !== undefined && size > 1;
    case "corrupt":
      return size > 0 && start <= (fault.atByte ?? start) && (fault.atByte ?? end) <= end;
    case "cut":
    case "stall":
    case "short":
      return (fault.afterBytes ?? 0) <= end - start;
    default:
      return true;
  }
}
