/** Enforces `network: "none"`: after this, nothing in this worker can reach the network. */

import { VlmError } from "../protocol/errors.ts";
import { shownAddress } from "../schema/local-address.ts";

/** Data at these addresses is in memory already, and needs no network. */
const LOCAL = /^(?:blob|data):/;

const WAYS_OUT = [
  "importScripts",
  "XMLHttpRequest",
  "WebSocket",
  "EventSource",
  "WebTransport",
  "Worker",
];

/** Replaces every function that can make a request. The threads only run compiled code that they already have. */
export function sealNetwork(): void {
  const platformFetch = self.fetch.bind(self);
  const refuse = function (url: unknown): never {
    throw networkForbidden(String(url));
  };
  self.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return LOCAL.test(url) ? platformFetch(input, init) : refuse(url);
  };
  for (const name of WAYS_OUT) {
    if (name in self) Object.defineProperty(self, name, { value: refuse });
  }
}

function networkForbidden(url: string): VlmError<"network-forbidden"> {
  return new VlmError(
    "network-forbidden",
    '`network: "none"` forbids every request. Pass images as a Blob, or allow the network.',
    { url: shownAddress(url) },
  );
}
