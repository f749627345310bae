/** What a full disk says, in the words of a browser's storage: the kit then removes the model that was not used for longest. */

import { codeOf } from "./folder-lock.ts";

/** @throws what `work` throws, a full disk as a `QuotaExceededError` */
export async function withQuotaErrors<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (["ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "")) {
      throw new DOMException("The disk is full.", "QuotaExceededError");
    }
    throw error;
  }
}
