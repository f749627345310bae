import { VlmError } from "@fastvlm-kit/web";
import { describe, expect, test } from "vitest";
import {
  countStates,
  nextOf,
  toDone,
  toEdited,
  toFailed,
  toRetried,
  WAITING,
  type QueuedPicture,
} from "./queue.ts";

const ANSWER = { text: "A frog.", preset: "brief", modelId: "tiny" } as const;

function picture(id: string, order: number): QueuedPicture {
  return { id, name: `${id}.png`, sizeBytes: 10, order, state: WAITING };
}

describe("the queue", () => {
  test("takes pictures in their order, whatever order they are listed in", () => {
    const done = toDone(picture("a", 1), ANSWER);
    expect(nextOf([picture("c", 3), picture("b", 2), done])?.id).toBe("b");
  });

  test("orders pictures of the same moment by id", () => {
    expect(nextOf([picture("z", 1), picture("a", 1)])?.id).toBe("a");
  });

  test("has nothing next when no picture waits", () => {
    expect(nextOf([toDone(picture("a", 1), ANSWER), toFailed(picture("b", 2), "no")])).toBe(
      undefined,
    );
  });

  test("counts every state", () => {
    const pictures = [
      picture("a", 1),
      picture("b", 2),
      toDone(picture("c", 3), ANSWER),
      toFailed(picture("d", 4), new Error("no")),
    ];
    expect(countStates(pictures)).toEqual({ total: 4, waiting: 2, done: 1, failed: 1 });
  });
});

describe("a picture", () => {
  test("keeps the code and words of the kit's errors", () => {
    const error = new VlmError("image-unreadable", "It is cut off. Take another.", {
      reason: "truncated",
    });
    expect(toFailed(picture("a", 1), error).state).toEqual({
      kind: "failed",
      code: "image-unreadable",
      message: "It is cut off. Take another.",
    });
  });

  test("keeps the words of any other error", () => {
    expect(toFailed(picture("a", 1), new TypeError("odd")).state).toEqual({
      kind: "failed",
      code: "unknown",
      message: "odd",
    });
  });

  test("waits again after a retry, and only after a failure", () => {
    expect(toRetried(toFailed(picture("a", 1), "no")).state).toEqual(WAITING);
    const done = toDone(picture("a", 1), ANSWER);
    expect(toRetried(done)).toBe(done);
  });

  test("is not overwritten by an answer or an error that comes late", () => {
    const done = toEdited(toDone(picture("a", 1), ANSWER), "My own words");
    expect(toDone(done, ANSWER)).toBe(done);
    expect(toFailed(done, "no")).toBe(done);
  });

  test("knows that its caption was edited, and that it was not", () => {
    const done = toDone(picture("a", 1), ANSWER);
    expect(toEdited(done, "A frog.")).toBe(done);
    expect(toEdited(done, "A toad.").state).toMatchObject({ caption: "A toad.", isEdited: true });
    expect(toEdited(picture("b", 2), "A toad.").state).toEqual(WAITING);
  });
});
