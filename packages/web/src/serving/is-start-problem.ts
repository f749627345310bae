import { VlmError } from "../protocol/errors.ts";
import type { StartProblem } from "../protocol/start-problem.ts";

/** A start that failed because of how the app is built or served. */
type StartProblemError = VlmError<"start-failed"> & {
  readonly details: { readonly reason: StartProblem };
};

/** Whether a fault of the app's build, page or server is known to be the cause. */
export function isStartProblem(error: unknown): error is StartProblemError {
  if (!VlmError.is(error, "start-failed")) return false;
  return error.details.reason !== "timeout" && error.details.reason !== "error";
}
