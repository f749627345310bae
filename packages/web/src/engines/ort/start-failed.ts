import { VlmError, type StartPhase } from "../../protocol/errors.ts";

/** The error for a start that failed, and nobody knows why. */
export function startFailed(phase: StartPhase, cause: unknown): VlmError<"start-failed"> {
  return new VlmError(
    "start-failed",
    `onnxruntime could not be started (${phase}). Check the connection and that all of the app's build is served, then try again.`,
    { phase, reason: "error" },
    { cause },
  );
}
