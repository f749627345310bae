/** Answers for addresses that contain the file itself. */

import { decodeDataAddress } from "../shared/data-address.ts";
import { downloadFailed, Interruption, type Wanted } from "./interruption.ts";
import type { RangeAnswer } from "./range-answer.ts";

/** @throws {Interruption} `permanent`, because the address will always have the same content */
export function answerFromDataAddress(file: Wanted): RangeAnswer {
  const bytes = decodeDataAddress(file.url);
  if (!bytes) {
    const what = "could not begin: its `data:` address is malformed";
    throw new Interruption("permanent", downloadFailed(file, "address", what));
  }
  const chunks = bytes.byteLength > 0 ? [bytes] : [];
  return {
    isWhole: true,
    totalBytes: bytes.byteLength,
    etag: undefined,
    read: () => Promise.resolve(chunks.shift()),
    cancel: () => undefined,
  };
}

/** The error for a `blob:` address that cannot be read. It was revoked, or a policy forbids it, so it is permanent. */
export function unreadableBlob(file: Wanted, cause: unknown): Interruption {
  const what = "could not begin: its `blob:` address cannot be read";
  return new Interruption("permanent", downloadFailed(file, "address", what, { cause }));
}
