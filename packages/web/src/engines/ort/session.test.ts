import * as ort from "onnxruntime-web/wasm";
import { expect, it } from "vitest";
import { Session } from "./session.ts";

it("says which graph could not be created, without paths of the machine that ORT was built on", async () => {
  const spec = {
    graph: "vision",
    device: "wasm",
    bytes: Uint8Array.of(1, 2, 3),
    options: {},
  } as const;
  const error: unknown = await Session.create(ort, spec).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: "session-failed",
    details: { graph: "vision", device: "wasm", stage: "create" },
  });
  expect((error as Error).cause).toBeInstanceOf(Error);
  expect(((error as Error).cause as Error).message).not.toMatch(/\/\w+\/\w+/);
});
