import { describe, expect, it } from "vitest";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { atCommit, commitAddressOf, faultOfSource } from "./model-source.ts";

const COMMIT = "c0ffee".padEnd(40, "0");
const SOURCE = { endpoint: "https://hub.example", repository: "owner/name", revision: "refs/pr/1" };

describe("atCommit", () => {
  it("takes all files from the commit, which is the revision, and leaves no source", () => {
    const model = fastvlm05b();
    const pinned = atCommit(model, COMMIT);
    expect(pinned).not.toHaveProperty("source");
    expect(pinned.revision).toBe(COMMIT);
    // What is known of `main` still holds: the commit is the one that `main` is.
    expect(pinned.files).toMatchObject(fastvlm05b({ revision: COMMIT }).files);
    const decoder = "onnx/decoder_model_merged_q4.onnx";
    expect(pinned.files[decoder]?.sha256).toBe(model.files[decoder]?.sha256);
    expect(model.files[decoder]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(model.revision).toBe("main");
  });

  it("leaves a file alone that is elsewhere", () => {
    const config = { url: "data:application/json,{}", bytes: 2 };
    const model = fastvlm05b();
    const mixed = { ...model, files: { ...model.files, "config.json": config } };
    expect(atCommit(mixed, COMMIT).files["config.json"]).toEqual(config);
  });

  it("changes nothing without a source, or without a commit", () => {
    const own = fastvlm05b({ baseUrl: "/models" });
    expect(atCommit(own, COMMIT)).toBe(own);
    const model = fastvlm05b();
    expect(atCommit(model, "main")).toBe(model);
  });
});

it("asks for a revision whose name may hold a slash", () => {
  expect(commitAddressOf(SOURCE)).toBe(
    "https://hub.example/api/models/owner/name/revision/refs%2Fpr%2F1",
  );
});

describe("faultOfSource", () => {
  it.each([
    [{}, undefined],
    [{ endpoint: "" }, "endpoint"],
    [{ endpoint: "https://hub.example:8080/mirror" }, undefined],
    [{ endpoint: "/hub" }, undefined],
    [{ endpoint: "https://hub.example/" }, "endpoint"],
    [{ endpoint: "javascript:alert(1)" }, "endpoint"],
    [{ endpoint: "file:///models" }, "endpoint"],
    [{ endpoint: "https://user:key@hub.example" }, "endpoint"],
    [{ endpoint: "https://hub.example/../x" }, "endpoint"],
    [{ endpoint: "//hub.example" }, "endpoint"],
    [{ endpoint: "https://hub.example?key=1" }, "endpoint"],
    [{ repository: "name" }, "repository"],
    [{ repository: "../name" }, "repository"],
    [{ revision: "../x" }, "revision"],
    [{ revision: "" }, "revision"],
  ])("of %j is %s", (change, fault) => {
    const found = faultOfSource({ ...SOURCE, ...change });
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });
});
