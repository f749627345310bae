/** A profile as a file that Perfetto (https://ui.perfetto.dev) and Chrome's own `about:tracing` open. */

import type { ProfileReport } from "./profile.ts";

const THREADS = { calls: 1, stages: 2, model: 3 } as const;

/** Returns the text of a file in the Trace Event Format. */
export function toChromeTrace({ name, spans, startedAt }: ProfileReport): string {
  const names = Object.entries(THREADS).map(([track, tid]) => ({
    name: "thread_name",
    ph: "M",
    pid: 1,
    tid,
    args: { name: track },
  }));
  const events = spans.map((span) => ({
    name: span.name,
    cat: span.track,
    // A complete event: it has a beginning and a duration, both in microseconds.
    ph: "X",
    ts: Math.round((span.startedAt - startedAt) * 1000),
    dur: Math.round(span.durationMs * 1000),
    pid: 1,
    tid: THREADS[span.track],
    args: span.attributes,
  }));
  const process = { name: "process_name", ph: "M", pid: 1, args: { name } };
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: [process, ...names, ...events] });
}
