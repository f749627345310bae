import { expect, it } from "vitest";
import { isLastOfCall, withoutPorts, withPorts } from "./messages.ts";

const call = (...values: unknown[]) => ({
  id: "1",
  type: "APPLY",
  path: ["generate"],
  argumentList: values.map((value) => ({ type: "RAW", value })),
});

it("gives numbers to ports that cross between tabs, and ports to the numbers", () => {
  const { port1, port2 } = new MessageChannel();
  const sent = withoutPorts(call({ prompt: "?" }, port1, 0), () => 7);
  expect(sent).toEqual(call({ prompt: "?" }, { portNumber: 7 }, 0));
  expect(() => structuredClone(sent)).not.toThrow();

  const asked: number[] = [];
  const received = withPorts(sent, (number) => {
    asked.push(number);
    return port2;
  });
  expect(asked).toEqual([7]);
  expect(received.ports).toEqual([port2]);
  expect(received.message).toEqual(call({ prompt: "?" }, port2, 0));
  port1.close();
});

it("leaves what is no call as it is", () => {
  const reply = { id: "1", type: "RAW", value: { ok: true } };
  expect(withoutPorts(reply, () => 1)).toBe(reply);
  expect(withPorts(reply, () => new MessageChannel().port1)).toEqual({ message: reply, ports: [] });
});

it.each([
  ["done", true],
  ["failed", true],
  ["opened", true],
  ["text-delta", false],
] as const)("knows whether %s ends a call", (type, isLast) => {
  expect(isLastOfCall({ type })).toBe(isLast);
});
