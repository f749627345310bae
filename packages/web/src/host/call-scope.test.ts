import { expect, it } from "vitest";
import type { CallMessage } from "../wire/worker-api.ts";
import { createCallScope } from "./call-scope.ts";
import { createMessageYield } from "./yield-to-messages.ts";

it("says which stage begins, and throws the signal's reason once a message has cancelled it", async () => {
  const { port1, port2 } = new MessageChannel();
  const seen: CallMessage[] = [];
  port2.onmessage = ({ data }: MessageEvent<CallMessage>) => seen.push(data);
  const controller = new AbortController();
  // As from the page: it can only arrive while the worker yields.
  const inbox = new MessageChannel();
  const reason = new DOMException("enough", "AbortError");
  inbox.port1.onmessage = () => {
    controller.abort(reason);
  };

  const scope = createCallScope(port1, controller.signal, createMessageYield(), 0);
  await scope.enter("vision");
  await scope.checkpoint();
  inbox.port2.postMessage("cancel");
  await expect(
    (async () => {
      for (let token = 0; token < 1000; token++) await scope.checkpoint();
    })(),
  ).rejects.toBe(reason);
  await expect(scope.enter("decode")).rejects.toBe(reason);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(seen).toEqual([
    { type: "stage", stage: "vision" },
    { type: "stage", stage: "decode" },
  ]);
  for (const port of [port1, inbox.port1]) port.close();
});
