/** The metrics of one finished call. */

import type { Timings, VlmResult } from "../protocol/result.ts";
import { STAGES } from "../protocol/stages.ts";
import type { Recorder } from "./recorder.ts";

/** Reports the metrics of a call. A stage that the call skipped (no image, a cached answer) is not reported. */
export function reportCall(recorder: Recorder, result: VlmResult): void {
  const { timings, tokens, images, confidence } = result;
  const report = recorder.with({
    "gen_ai.operation.name": "generate_content",
    "gen_ai.response.model": result.model.id,
    "vlm.cached": result.cached,
  });
  for (const { timing, metric, isOfImages, isOfModel } of STAGES) {
    if ((isOfImages && images.length === 0) || (isOfModel && result.cached)) continue;
    report.recordMs(metric, timings[timing]);
  }
  report.recordMs("gen_ai.client.operation.duration", timings.totalMs);
  report.record("gen_ai.client.token.usage", tokens.image + tokens.prompt, {
    "gen_ai.token.type": "input",
  });
  report.record("gen_ai.client.token.usage", tokens.output, { "gen_ai.token.type": "output" });
  if (result.cached) return;
  if (confidence) {
    report.record("vlm.confidence.mean", confidence.mean);
    report.record("vlm.confidence.least", confidence.least);
  }
  report.recordMs("gen_ai.client.operation.time_to_first_chunk", timings.timeToFirstTokenMs);
  if (tokens.output > 1) {
    report.recordMs(
      "gen_ai.client.operation.time_per_output_chunk",
      timings.decodeMs / (tokens.output - 1),
    );
  }
}

/** An image that was opened: what it took. It is no operation of its own, since nothing was asked. */
export function reportOpening(recorder: Recorder, timings: Timings): void {
  for (const { name, timing, metric } of STAGES) {
    if (name !== "decode") recorder.recordMs(metric, timings[timing]);
  }
}
