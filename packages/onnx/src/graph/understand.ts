/** Handles files that cannot be read as a model. They are not rewritten, and the runtime decides about them. */

import { OnnxError } from "../errors.ts";

/**
 * @returns undefined if the file is not a complete model
 * @throws every other error of `make`: errors of the store, and bugs of our own
 */
export function ifReadable<Result>(make: () => Result): Result | undefined {
  try {
    return make();
  } catch (error) {
    if (OnnxError.is(error, "model-invalid")) return undefined;
    throw error;
  }
}
