/** Makes one HTTP request for a range of a file, and reads its answer. */

import { isBlobAddress, isDataAddress } from "../schema/local-address.ts";
import { httpFailure } from "./http-failure.ts";
import { downloadFailed, Interruption, type Wanted } from "./interruption.ts";
import { answerFromDataAddress, unreadableBlob } from "./local-answer.ts";
import type { RangeAnswer } from "./range-answer.ts";

export interface RangeRequest {
  readonly file: Wanted;
  /** The first and the last byte of the range; undefined asks for the whole file. */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  /** The ETag of the file from which earlier ranges came. */
  readonly etag: string | undefined;
  readonly signal: AbortSignal;
  /** If no byte arrives for this time, the request is given up. */
  readonly stallTimeoutMs: number;
  readonly fetch: typeof fetch;
}

/** @throws {Interruption}; the signal's reason when it aborts */
export async function requestRange(request: RangeRequest): Promise<RangeAnswer> {
  const { file, range, fetch } = request; // The platform's `fetch` throws when it is called as a method of another object.
  // A bundler may put a small file into the address itself, and a strict policy forbids fetching that.
  if (isDataAddress(file.url)) return answerFromDataAddress(file);
  const watch = createWatch(request);
  try {
    const ask = (): Promise<Response> =>
      fetch(file.url, {
        mode: "cors",
        credentials: "same-origin",
        // The kit stores the bytes itself. In the HTTP cache they would take the user's disk a second time.
        cache: "no-store",
        headers: toHeaders(request),
        signal: watch.signal,
      });
    const response = await watch.guard(ask, { isUnanswered: true });
    assertUsable(file, response);
    const isWhole = response.status !== 206;
    const contentRange = parseContentRange(response.headers.get("content-range"));
    if (!isWhole && range && contentRange && contentRange.first !== range.first) {
      const failure = downloadFailed(file, "length", "brought another range than was asked for");
      throw new Interruption("permanent", failure);
    }
    const reader = response.body?.getReader();
    return {
      isWhole,
      totalBytes: isWhole ? plainLength(response) : contentRange?.totalBytes,
      etag: response.headers.get("etag") ?? undefined,
      read: () =>
        watch.guard(async () => {
          const chunk = await reader?.read();
          return chunk?.value;
        }),
      cancel: watch.end,
    };
  } catch (error) {
    watch.end();
    throw error;
  }
}

function toHeaders({ file, range, etag }: RangeRequest): HeadersInit {
  const headers: Record<string, string> = {};
  if (isBlobAddress(file.url)) return headers; // Everything has arrived.
  if (range) headers["Range"] = `bytes=${String(range.first)}-${String(range.last)}`;
  // For another origin this header needs a preflight, which most file hosts refuse. There the
  // answer's own ETag is compared instead.
  const isStrong = etag !== undefined && !etag.startsWith("W/");
  if (range && isStrong && isSameOrigin(file.url)) headers["If-Range"] = etag;
  return headers;
}

function isSameOrigin(url: string): boolean {
  const { origin, href } = (globalThis as { location?: { origin: string; href: string } })
    .location ?? { origin: "null", href: "http://localhost" };
  return new URL(url, href).origin === origin;
}

function assertUsable(file: Wanted, response: Response): void {
  const { status } = response;
  if (status === 416) {
    throw new Interruption("changed", downloadFailed(file, "length", "is shorter on the server"));
  }
  if (!response.ok) throw httpFailure(file, response);
  // A "not found" page or a captive portal may answer with status 200 and HTML.
  if (response.headers.get("content-type")?.startsWith("text/html")) {
    const failure = downloadFailed(file, "content-type", "brought a web page instead of the file");
    throw new Interruption("permanent", failure);
  }
}

function parseContentRange(
  header: string | null,
): { first: number; totalBytes: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header ?? "");
  if (!match) return undefined;
  const total = match[2] === "*" ? undefined : Number(match[2]);
  return { first: Number(match[1]), totalBytes: total };
}

/** The length of an answer that is not compressed. If it is compressed, the header counts other bytes. */
function plainLength({ headers }: Response): number | undefined {
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") ? undefined : Number(length);
}

const STALLED = Symbol("stalled");

/** Ends the request when no byte arrives, and turns errors of `fetch` into an {@link Interruption}. */
function createWatch({ file, signal, stallTimeoutMs }: RangeRequest) {
  const controller = new AbortController();
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    end: (): void => {
      controller.abort();
    },
    async guard<T>(
      step: () => Promise<T>,
      { isUnanswered }: { isUnanswered: boolean } = { isUnanswered: false },
    ): Promise<T> {
      const timer = setTimeout(() => {
        controller.abort(STALLED);
      }, stallTimeoutMs);
      try {
        return await step();
      } catch (cause) {
        if (signal.aborted) throw signal.reason;
        if (isBlobAddress(file.url)) throw unreadableBlob(file, cause);
        const isStalled = controller.signal.reason === STALLED;
        const what = isStalled ? "stopped arriving" : "broke off";
        const reason = isOffline() ? "offline" : "network";
        throw new Interruption("transient", downloadFailed(file, reason, what, { cause }), {
          isUnanswered: isUnanswered && !isStalled && reason === "network",
        });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Whether there is surely no network. `navigator.onLine` is reliable only when it is false. */
export function isOffline(): boolean {
  return (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine === false;
}
