/** The parent of a span, as another service has sent it (https://www.w3.org/TR/trace-context/). */

import { ROOT_CONTEXT, isSpanContextValid, trace, type Context } from "@opentelemetry/api";

const TRACE_PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Returns undefined for a text that is no `traceparent`: the standard asks to start a trace of one's own then. */
export function readTraceParent(text: string): Context | undefined {
  const [, version, traceId, spanId, flags, more] = TRACE_PARENT.exec(text.trim()) ?? [];
  if (!traceId || !spanId || !flags || version === "ff") return undefined;
  if (version === "00" && more !== undefined) return undefined;
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : undefined;
}
