import { describe, expect, it } from "vitest";
import { holdMessages } from "./held-messages.ts";

describe("holdMessages", () => {
  it("gives what arrived meanwhile to whoever listens then, in order and once", () => {
    const scope = new EventTarget() as Parameters<typeof holdMessages>[0] & EventTarget;
    const heard: unknown[] = [];
    const send = (data: unknown, ports: MessagePort[] = []): void => {
      scope.dispatchEvent(new MessageEvent("message", { data, ports }));
    };
    const { port1, port2 } = new MessageChannel();
    const release = holdMessages(scope);
    send("first", [port1]);
    scope.addEventListener("message", ({ data, ports }) => heard.push([data, ...ports]));
    send("second");
    expect(heard).toEqual([]);
    release();
    send("third");
    expect(heard).toEqual([["first", port1], ["second"], ["third"]]);
    port2.close();
  });
});
