/** What the kit makes of a file that it cannot read as a model: nothing, and the runtime has the last word on it. */

import { OnnxError } from "../errors.ts";

/**
 * @returns undefined where the file is not a whole model
 * @throws what else `make` throws: the store's errors, and mistakes of our own
 */
export function ifReadable<Result>(make: () => Result): Result | undefined {
  try {
    return make();
  } catch (error) {
    if (OnnxError.is(error, "model-invalid")) return undefined;
    throw error;
  }
}
