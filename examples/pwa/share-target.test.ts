import { describe, expect, test } from "vitest";
import {
  addressAfterShare,
  picturesOf,
  readShareResult,
  receiveShare,
  SHARE_FIELD,
  type SharedPicture,
} from "./share-target.ts";

function formOf(...entries: readonly (readonly [field: string, value: File | string])[]): FormData {
  const form = new FormData();
  for (const [field, value] of entries) form.append(field, value);
  return form;
}

function post(body: BodyInit): Request {
  return new Request("https://app.example/share", { method: "POST", body });
}

const frog = new File(["frog"], "frog.png", { type: "image/png" });
const book = new File(["book"], "book.jpg", { type: "image/jpeg" });

describe("a shared form", () => {
  test("gives its pictures in order", async () => {
    const pictures = picturesOf(formOf([SHARE_FIELD, frog], [SHARE_FIELD, book]));
    expect(pictures.map(({ name }) => name)).toEqual(["frog.png", "book.jpg"]);
    expect(await pictures[1]!.blob.text()).toBe("book");
  });

  test("ignores text, other fields and empty files", () => {
    const form = formOf(
      ["title", "Look at this"],
      [SHARE_FIELD, "no file"],
      ["other", frog],
      [SHARE_FIELD, new File([], "empty.png")],
    );
    expect(picturesOf(form)).toEqual([]);
  });

  test("gives a name to a picture without one", () => {
    expect(picturesOf(formOf([SHARE_FIELD, new File(["x"], "")]))[0]?.name).toBe(
      "Shared picture 1",
    );
  });
});

describe("receiving a share", () => {
  test("keeps what a multipart request brings", async () => {
    const kept: string[] = [];
    const result = await receiveShare(post(formOf([SHARE_FIELD, frog])), async (pictures) => {
      for (const { name, blob } of pictures) kept.push(`${name}: ${await blob.text()}`);
    });
    expect(result).toBe("received");
    expect(kept).toEqual(["frog.png: frog"]);
  });

  test("says so when there was no picture in it", async () => {
    const keep = (pictures: readonly SharedPicture[]): Promise<void> => {
      throw new Error(`called with ${pictures.length}`);
    };
    expect(await receiveShare(post(formOf(["title", "x"])), keep)).toBe("nothing");
  });

  test("fails when the request is no form, and when there is no room", async () => {
    const keep = (): Promise<void> => Promise.reject(new Error("QuotaExceededError"));
    expect(await receiveShare(post("no form"), keep)).toBe("failed");
    expect(await receiveShare(post(formOf([SHARE_FIELD, frog])), keep)).toBe("failed");
  });
});

describe("the address after a share", () => {
  test("is the app's, and tells it the result", () => {
    const address = addressAfterShare("https://app.example/pwa/", "received");
    expect(address).toBe("https://app.example/pwa/?share=received");
    expect(readShareResult(address)).toBe("received");
  });

  test("tells nothing with words of its own", () => {
    expect(readShareResult("https://app.example/?share=<b>")).toBe(undefined);
    expect(readShareResult("https://app.example/")).toBe(undefined);
  });
});
