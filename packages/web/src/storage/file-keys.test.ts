import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  belongsTo,
  fileRecordKey,
  modelKey,
  modelRecordKey,
  parseShardKey,
  planKey,
  shardKey,
  shardPrefix,
  trustKey,
} from "./file-keys.ts";

/** Names with all the characters that keys are made of. */
const NAME = fc.string({ unit: fc.constantFrom("a", "|", "@", "/", "%", "7", "C", "é") });

const FILE = fc.record({ id: NAME, revision: NAME, path: NAME });

function toKey({ id, revision, path }: { id: string; revision: string; path: string }) {
  return { model: modelKey({ id, revision }), path };
}

describe("the keys of a file", () => {
  it("are other ones for every other file, whatever the names", () => {
    fc.assert(
      fc.property(FILE, FILE, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        const [a, b] = [toKey(one), toKey(other)];
        const shard = { index: 0, sha256: "ab" };
        const keysOf = (key: typeof a) => [
          fileRecordKey(key),
          planKey(key),
          trustKey(key),
          shardKey(key, shard),
        ];
        const keys = [...keysOf(a), ...keysOf(b)];
        expect(new Set(keys).size).toBe(keys.length);
        expect(shardKey(b, shard).startsWith(shardPrefix(a))).toBe(false);
        expect(parseShardKey(a, shardKey(b, shard))).toBeUndefined();
      }),
    );
  });

  it("belong to their model and to no other", () => {
    fc.assert(
      fc.property(FILE, FILE, (one, other) => {
        const [a, b] = [toKey(one), toKey(other)];
        const isSameModel = one.id === other.id && one.revision === other.revision;
        for (const key of [fileRecordKey(b), planKey(b), trustKey(b), modelRecordKey(b.model)]) {
          expect(belongsTo(a.model, key)).toBe(isSameModel);
        }
      }),
    );
  });

  it("tell which shard it is and what its hash should be", () => {
    fc.assert(
      fc.property(FILE, fc.nat(), (file, index) => {
        const key = toKey(file);
        const shard = { index, sha256: "0123abcd" };
        expect(parseShardKey(key, shardKey(key, shard))).toEqual(shard);
      }),
    );
  });

  it("are not those of a lease or a mark that shares their store", () => {
    const model = modelKey({ id: "a", revision: "1" });
    for (const key of ["lease|fastvlm-kit.download:db:a@1", "asked-to-persist", "schema"]) {
      expect(belongsTo(model, key)).toBe(false);
    }
  });
});
