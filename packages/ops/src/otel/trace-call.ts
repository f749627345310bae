/** One span for a call, with a child for each of its stages. */

import {
  SpanKind,
  SpanStatusCode,
  context,
  trace,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import type { GenerateEvent, Timings, VlmResult } from "@fastvlm-kit/web";
import { readTraceParent } from "./trace-parent.ts";

export interface TraceOptions {
  /** The app's own, such as `trace.getTracer("my-app")`. */
  readonly tracer: Tracer;
  /** The span that the call is a part of, in W3C's form. Default: the span that is active in the app. */
  readonly traceparent?: string;
  /** Whether an error means that the caller gave the call up. Default: an `AbortError`. */
  readonly isAbort?: (error: unknown) => boolean;
}

/** The stages in their order, which is also the order in which they ran. */
const STAGES = [
  ["vlm.queue", "queueMs"],
  ["vlm.image.decode", "imageDecodeMs"],
  ["vlm.preprocess", "preprocessMs"],
  ["vlm.vision", "visionMs"],
  ["vlm.prefill", "prefillMs"],
  ["vlm.decode", "decodeMs"],
] as const satisfies readonly (readonly [string, keyof Timings])[];

/**
 * Runs a call inside of a span, and returns or throws what it does. The span has no content: neither images nor texts.
 *
 * @example
 * const result = await traceCall({ tracer, traceparent }, () => vlm.caption(image));
 */
export async function traceCall(
  options: TraceOptions,
  call: () => Promise<VlmResult>,
): Promise<VlmResult> {
  const traced = startSpan(options);
  try {
    const result = await call();
    traced.finish(result);
    return result;
  } catch (error) {
    traced.fail(error);
    throw error;
  }
}

/**
 * Passes the events of a stream on, inside of a span that ends with it.
 *
 * @example
 * for await (const event of traceStream({ tracer }, vlm.generate({ image, prompt }))) show(event);
 */
export async function* traceStream(
  options: TraceOptions,
  events: AsyncIterable<GenerateEvent>,
): AsyncGenerator<GenerateEvent, void, undefined> {
  const traced = startSpan(options);
  try {
    for await (const event of events) {
      if (event.type === "done") traced.finish(event.result);
      yield event;
    }
  } catch (error) {
    traced.fail(error);
    throw error;
  } finally {
    traced.leave();
  }
}

/** A span that ends once, in one of three ways. */
interface TracedCall {
  readonly finish: (result: VlmResult) => void;
  readonly fail: (error: unknown) => void;
  /** The caller reads no more. */
  readonly leave: () => void;
}

function startSpan({ tracer, traceparent, isAbort = isAbortError }: TraceOptions): TracedCall {
  const given = traceparent === undefined ? undefined : readTraceParent(traceparent);
  const parent = given ?? context.active();
  const span = tracer.startSpan(
    "generate_content",
    { kind: SpanKind.INTERNAL, attributes: { "gen_ai.operation.name": "generate_content" } },
    parent,
  );
  let hasEnded = false;
  const end = (describe: () => void): void => {
    if (hasEnded) return;
    hasEnded = true;
    describe();
    span.end();
  };
  return {
    finish(result) {
      end(() => {
        describeResult(span, result);
        addStages(tracer, trace.setSpan(parent, span), result);
      });
    },
    fail(error) {
      end(() => {
        if (isAbort(error)) span.setAttribute("vlm.outcome", "aborted");
        else describeError(span, error);
      });
    },
    leave() {
      end(() => span.setAttribute("vlm.outcome", "aborted"));
    },
  };
}

function describeResult(span: Span, result: VlmResult): void {
  const { model, tokens, finishReason, device, cached } = result;
  span.setAttributes({
    "gen_ai.response.model": model.id,
    "gen_ai.response.finish_reasons": [finishReason],
    "gen_ai.usage.input_tokens": tokens.image + tokens.prompt,
    "gen_ai.usage.output_tokens": tokens.output,
    "vlm.device": device,
    "vlm.cached": cached,
    "vlm.outcome": "answered",
  });
}

/** Adds the stages as spans that end where the next begins. The last one ends now. */
function addStages(
  tracer: Tracer,
  parent: ReturnType<typeof trace.setSpan>,
  { timings }: VlmResult,
): void {
  let at = Date.now() - STAGES.reduce((sum, [, timing]) => sum + timings[timing], 0);
  for (const [name, timing] of STAGES) {
    const milliseconds = timings[timing];
    if (milliseconds === 0) continue; // It did not run.
    const stage = tracer.startSpan(name, { startTime: at }, parent);
    at += milliseconds;
    stage.end(at);
  }
}

function describeError(span: Span, error: unknown): void {
  span.setAttributes({ "error.type": errorTypeOf(error), "vlm.outcome": "failed" });
  // No message: that of an error which is not the kit's may hold content.
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return "_OTHER";
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : error.name;
}

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
