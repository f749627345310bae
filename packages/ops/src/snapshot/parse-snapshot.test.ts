import { expect, it } from "vitest";
import { createOps } from "../create-ops.ts";
import { parseSnapshot } from "./parse-snapshot.ts";

it("reads what `snapshot` returned, and says what is wrong with anything else", async () => {
  await using ops = createOps();
  ops.onEvent({
    type: "call-ended",
    call: {
      startedAt: 1,
      durationMs: 2,
      task: "prompt",
      imageKinds: ["pixels"],
      outcome: "failed",
      errorType: "timeout",
    },
  });
  const snapshot = await ops.snapshot();
  const text = JSON.stringify(snapshot);
  expect(parseSnapshot(text)).toEqual(snapshot);
  expect(() => parseSnapshot("{")).toThrow("no JSON");
  expect(() => parseSnapshot(text.replace('"schema":1', '"schema":2'))).toThrow("schema is wrong");
  expect(() => parseSnapshot(text.replace('"durationMs":2', '"durationMs":"2"'))).toThrow(
    "calls.0.durationMs is wrong",
  );
});
