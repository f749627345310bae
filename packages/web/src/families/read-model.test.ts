import { describe, expect, it } from "vitest";
import { tinyModel } from "@fastvlm-kit/tiny";
import { readModel } from "./read-model.ts";

describe("readModel", () => {
  it("copies a descriptor that fits its family", () => {
    expect(readModel(tinyModel())).toEqual(tinyModel());
  });

  it.each([
    [undefined, 250, "imageSize is not a multiple of 64"],
    ["smolvlm", 256, "imageSize is not a multiple of 512"],
  ] as const)(
    "refuses the stored numbers of a side that %s does not have",
    (family, side, reason) => {
      const { selfCheck, ...model } = tinyModel();
      const given = {
        ...model,
        ...(family && { family }),
        selfCheck: { ...selfCheck!, imageSize: side },
      };
      expect(() => readModel(given)).toThrow(
        expect.objectContaining({
          code: "model-invalid",
          details: { file: "selfCheck", reason },
        }) as Error,
      );
    },
  );

  it("takes the tiles of the descriptor", () => {
    const { selfCheck, ...model } = tinyModel();
    const given = { ...model, family: "smolvlm", tileSize: 64, selfCheck } as const;
    expect(readModel({ ...given, selfCheck: { ...selfCheck!, imageSize: 64 } })).toMatchObject({
      tileSize: 64,
    });
  });
});
