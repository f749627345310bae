/** The metrics that `onMetric` receives. */

/** The unit of a metric's value, in UCUM as OpenTelemetry writes it: seconds, bytes, tokens, or a plain number. */
export type MetricUnit = "s" | "By" | "{token}" | "1";

/** Attributes of a metric. Their values come from closed sets; they are never prompts, file names or addresses. */
export type MetricAttributes = Readonly<Record<string, string | number | boolean>>;

/**
 * One measurement. Its name is the one of OpenTelemetry's GenAI conventions
 * (https://github.com/open-telemetry/semantic-conventions-genai) if they have one; otherwise it starts with `vlm.`.
 */
export interface Metric {
  readonly name: MetricName;
  readonly value: number;
  readonly unit: MetricUnit;
  readonly attributes: MetricAttributes;
  /** When the measured stage ended, in milliseconds since the epoch. */
  readonly timestamp: number;
}

/** Every metric that the kit reports, and its unit. */
export const METRIC_UNITS = {
  "gen_ai.client.operation.duration": "s",
  "gen_ai.client.operation.time_to_first_chunk": "s",
  "gen_ai.client.operation.time_per_output_chunk": "s",
  "gen_ai.client.token.usage": "{token}",
  "vlm.model.load.duration": "s",
  "vlm.model.download.duration": "s",
  "vlm.model.download.bytes": "By",
  "vlm.model.download.resumes": "1",
  "vlm.model.download.retries": "1",
  "vlm.model.verify.duration": "s",
  "vlm.model.cache.hits": "1",
  "vlm.model.cache.misses": "1",
  "vlm.model.cache.corruptions": "1",
  "vlm.model.cache.evictions": "1",
  "vlm.session.create.duration": "s",
  "vlm.graph.prepared": "1",
  "vlm.encoder.likeness": "1",
  "vlm.encoder.optimize.duration": "s",
  "vlm.self_check.duration": "s",
  "vlm.self_check.likeness": "1",
  "vlm.self_check.skipped": "1",
  "vlm.self_check.step.duration": "s",
  "vlm.queue.wait.duration": "s",
  "vlm.queue.depth": "1",
  "vlm.queue.refused": "1",
  "vlm.image.decode.duration": "s",
  "vlm.image.rejected": "1",
  "vlm.preprocess.duration": "s",
  "vlm.vision.duration": "s",
  "vlm.prefill.duration": "s",
  "vlm.decode.duration": "s",
  "vlm.confidence.mean": "1",
  "vlm.confidence.least": "1",
  "vlm.kv_cache.bytes": "By",
  "vlm.gpu.dispatches": "1",
  "vlm.gpu.submits": "1",
  "vlm.gpu.read.bytes": "By",
  "vlm.result_cache.hits": "1",
  "vlm.result_cache.misses": "1",
  "vlm.storage.persisted": "1",
  "vlm.storage.restored": "1",
  "vlm.storage.usage": "By",
  "vlm.backend.fallback": "1",
  "vlm.setup.problems": "1",
  "vlm.threads.fallback": "1",
  "vlm.device.lost": "1",
  "vlm.worker.restarts": "1",
  "vlm.worker.unloads": "1",
  "vlm.pool.workers": "1",
  "vlm.memory.pressure": "1",
  "vlm.circuit.changes": "1",
  "vlm.messages.refused": "1",
  "vlm.node.sent": "By",
  "vlm.node.retries": "1",
  "vlm.node.failures": "1",
  "vlm.node.hedges": "1",
  "vlm.node.fallbacks": "1",
  "vlm.node.changes": "1",
} as const satisfies Record<string, MetricUnit>;

/** The name of a metric of the kit. */
export type MetricName = keyof typeof METRIC_UNITS;
