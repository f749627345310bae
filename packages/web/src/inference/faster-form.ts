/**
 * Captured steps spare the CPU, and cost some GPUs more than they spare: Chromium checks each indirect dispatch of ONNX
 * Runtime's captured attention by a pass of its own. On an NVIDIA H100 captured steps took three times as long as steps that
 * are run (decisions/2026-11-26-captured-steps-are-timed.md). So each device times both once.
 */

import type { PromptPart } from "../engines/runtime.ts";
import { decoderFormOf, type CheckableRuntime } from "../engines/checkable-runtime.ts";
import type { DecoderForm } from "../protocol/result.ts";

/** The first steps of a form prepare it: ORT allocates in one, captures in the next, and then replays. */
const WARM_UP_STEPS = 3;
const TIMED_STEPS = 8;

/** Captured steps leave the CPU to the page, so they may take a little longer. */
const MOST_TIMES_AS_LONG = 1.25;

/**
 * Leaves the decoder in the form whose steps take less time. A decoder that does not capture stays as it is.
 *
 * @param prompt ids to begin a sequence with
 * @throws {VlmError} what reloading the decoder and running it throw
 */
export async function keepFasterForm(
  runtime: Pick<CheckableRuntime, "decoder" | "startDecoding">,
  prompt: readonly number[],
  onTimed: (form: DecoderForm, milliseconds: number) => void,
): Promise<void> {
  const { decoder } = runtime;
  if (decoder?.form !== "captured") return;
  const time = async (): Promise<number> => {
    const milliseconds = await shortestStep(runtime, prompt);
    onTimed(decoderFormOf(runtime), milliseconds);
    return milliseconds;
  };
  const captured = await time();
  await decoder.reload("rewritten");
  const run = await time();
  if (captured <= MOST_TIMES_AS_LONG * run) await decoder.reload("captured");
}

/** The time of a step from its token to the next one, in milliseconds: the shortest, because a busy machine only adds to it. */
async function shortestStep(
  runtime: Pick<CheckableRuntime, "startDecoding">,
  prompt: readonly number[],
): Promise<number> {
  const decoding = runtime.startDecoding();
  try {
    const append = async (ids: readonly number[]): Promise<number> => {
      const parts: readonly PromptPart[] = [{ kind: "tokens", ids }];
      return (await (await decoding.append(parts)).readLikeliest()).id;
    };
    let id = await append(prompt);
    let shortest = Infinity;
    for (let step = 0; step < WARM_UP_STEPS + TIMED_STEPS; step++) {
      const startedAt = performance.now();
      id = await append([id]);
      if (step >= WARM_UP_STEPS) shortest = Math.min(shortest, performance.now() - startedAt);
    }
    return shortest;
  } finally {
    decoding.dispose();
  }
}
