/** What a call fails with: an error that an app can tell from others, whatever was thrown. */

import { VlmError } from "../protocol/errors.ts";
import { WrongArgument } from "../protocol/wrong-argument.ts";
import type { CallStage } from "../wire/worker-api.ts";

/**
 * Typed errors, wrong arguments and the end of a cancelled call stay as they are. Anything else is a fault of the kit or of the
 * platform, and stays visible as the cause.
 */
export function toCallFailure(thrown: unknown, stage: CallStage, signal: AbortSignal): unknown {
  if (VlmError.is(thrown) || thrown instanceof WrongArgument || signal.aborted) return thrown;
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new VlmError(
    "generation-failed",
    `The call failed in its ${stage} stage (${what}). Repeat it; if it fails again, report the error with its cause.`,
    { stage },
    { cause: thrown },
  );
}
