import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { filesOfVariant } from "../../web/src/protocol/model-descriptor.ts";
import { readManifest } from "../../web/src/schema/manifest.ts";
import { tinyModel } from "../src/index.ts";
import { tinySmolVlm } from "../src/smolvlm/index.ts";

const sha256 = (data: Uint8Array | string): string =>
  createHash("sha256").update(data).digest("hex");

const SHARD_BYTES = 4_194_304;

describe.each([
  ["tinyModel", tinyModel],
  ["tinySmolVlm", tinySmolVlm],
])("%s", (_, create) => {
  const { files, revision, variants } = create();

  it("is a manifest that can be relied on, in every precision", () => {
    for (const precision of ["auto", "fp16", "int8", "q4"] as const) {
      readManifest(create({ precision }));
    }
  });

  it.each(Object.entries(files))("has size and hashes of %s", (_, { url, ...file }) => {
    const bytes = readFileSync(new URL(url));
    expect(file).toEqual({
      bytes: bytes.byteLength,
      sha256: sha256(bytes),
      shards: {
        bytes: SHARD_BYTES,
        sha256: [
          sha256(bytes.subarray(0, SHARD_BYTES)),
          ...(bytes.byteLength > SHARD_BYTES ? [sha256(bytes.subarray(SHARD_BYTES))] : []),
        ],
      },
    });
  });

  it("has a file of two shards, so that tests meet one", () => {
    expect(files["onnx/vision_encoder.onnx"]?.shards?.sha256).toHaveLength(2);
  });

  it("has another revision when any file is another", () => {
    const lines = Object.entries(files).map(([path, file]) => `${path} ${file.sha256 ?? ""}\n`);
    expect(revision).toBe(sha256(lines.join("")).slice(0, 40));
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining(variants.flatMap((variant) => filesOfVariant({ files }, variant))),
    );
  });
});
