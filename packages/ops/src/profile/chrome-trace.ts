/** A profile as a file that Perfetto (https://ui.perfetto.dev) and Chrome's own `about:tracing` open. */

import { spreadOverLanes } from "./lanes.ts";
import type { ProfileReport } from "./profile.ts";

const TRACKS = ["calls", "stages", "model"] as const;
/** More lanes than calls can run at the same time. */
const LANES_OF_TRACK = 100_000;

/** Returns the text of a file in the Trace Event Format. */
export function toChromeTrace({ name, spans, gpu, startedAt }: ProfileReport): string {
  const toMicroseconds = (at: number): number => Math.max(0, Math.round((at - startedAt) * 1000));
  const laned = TRACKS.flatMap((track, index) => {
    const ofTrack = spans
      .filter((span) => span.track === track)
      .map((span) => ({
        span,
        start: toMicroseconds(span.startedAt),
        end: toMicroseconds(span.startedAt + span.durationMs),
      }));
    return spreadOverLanes(ofTrack).map((one) => ({
      ...one,
      tid: 1 + index * LANES_OF_TRACK + one.lane,
      thread: one.lane === 0 ? track : `${track} ${String(one.lane + 1)}`,
    }));
  });
  const threads = new Map(laned.map(({ tid, thread }) => [tid, thread]));
  const metadata = (event: string, of: string, ids: object) => ({
    name: event,
    ph: "M",
    ...ids,
    args: { name: of },
  });
  return JSON.stringify({
    displayTimeUnit: "ms",
    traceEvents: [
      metadata("process_name", name, { pid: 1 }),
      ...[...threads].map(([tid, thread]) => metadata("thread_name", thread, { pid: 1, tid })),
      ...laned.map(({ span, start, end, tid }) => ({
        name: span.name,
        cat: span.track,
        // A complete event: it has a beginning and a duration, both in microseconds.
        ph: "X",
        ts: start,
        dur: end - start,
        pid: 1,
        tid,
        args: span.attributes,
      })),
      // A counter is a track of its own. Each sample has one value, and lasts until the next one.
      ...gpu.map(({ name: counter, at, value }) => ({
        name: counter,
        cat: "gpu",
        ph: "C",
        ts: toMicroseconds(at),
        pid: 1,
        args: { value },
      })),
    ],
  });
}
