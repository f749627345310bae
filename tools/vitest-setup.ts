/** Vitest gives up on `vi.waitFor` and `vi.waitUntil` after one second, which a busy machine may need for a request. */

import { vi } from "vitest";

const PATIENT = { timeout: 20_000 };

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, withTimeout(options));
vi.waitUntil = (callback, options) => waitUntil(callback, withTimeout(options));

function withTimeout<T extends object>(options: number | T | undefined): T & typeof PATIENT {
  return { ...PATIENT, ...(typeof options === "number" ? { timeout: options } : options) } as T &
    typeof PATIENT;
}
