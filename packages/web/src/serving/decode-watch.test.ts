import { MessageChannel } from "node:worker_threads";
import { expect, it, vi } from "vitest";
import { DecodeWatch } from "./decode-watch.ts";

it("hears what a worker said while the page stood still, before it blames the worker", async () => {
  const onExpired = vi.fn();
  const watch = new DecodeWatch(onExpired);
  const { port1: worker, port2: page } = new MessageChannel();
  const heard = new Promise<void>((resolve) => {
    page.on("message", () => {
      watch.end();
      resolve();
    });
  });
  watch.begin(1);
  worker.postMessage("decoded");
  const endAt = performance.now() + 2500;
  while (performance.now() < endAt);
  await heard;
  await new Promise((resolve) => setTimeout(resolve, 200));
  page.close();
  expect(onExpired).not.toHaveBeenCalled();
});
