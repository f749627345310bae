import { VlmError } from "../protocol/errors.ts";

/**
 * Does the work. What an error of the kit was caused by is an error of the platform, of a library or of the app, whose text
 * nobody has checked. So its `cause` is left out, unless the app asked for it.
 */
export async function hidingCauses<T>(isDebug: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDebug && VlmError.is(error)) Reflect.deleteProperty(error, "cause");
    throw error;
  }
}
