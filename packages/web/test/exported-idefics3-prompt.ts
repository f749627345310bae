/** What the kit makes of questions to the small Idefics3: the ids of the prompt, and the numbers of each tile. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SMOLVLM } from "../src/families/smolvlm/smolvlm.ts";
import { endIdsOf } from "../src/generation/end-ids.ts";
import { layOutPrompt, type PromptPiece } from "../src/generation/prompt.ts";
import { createTextCodec } from "../src/inference/tokenizer.ts";
import { drawKitImage, type KitQuestion } from "./exported-idefics3-questions.ts";

const FOLDER = fileURLToPath(new URL("../../../e2e/fixtures/exported-idefics3/", import.meta.url));
const readJson = (name: string): unknown => JSON.parse(readFileSync(FOLDER + name, "utf8"));

const setup = SMOLVLM.configure({
  config: readJson("config.json"),
  generation: readJson("generation_config.json"),
  preprocessor: readJson("preprocessor_config.json"),
});

export const idefics3Codec = createTextCodec(
  readJson("tokenizer.json"),
  readJson("tokenizer_config.json"),
  setup.prompt,
);

export const idefics3EndIds = endIdsOf(setup, idefics3Codec);

interface KitPrompt {
  readonly pieces: readonly PromptPiece[];
  /** With the id of `<image>` at every position of a tile. */
  readonly ids: readonly number[];
  /** [3, side, side] each, in the order of the prompt. */
  readonly tiles: readonly Float32Array[];
}

export function readKitPrompt({ images, detail, prompt, history }: KitQuestion): KitPrompt {
  const plans = images.map(([width, height]) => {
    const plan = setup.images.plan({ width, height }, { side: detail, fit: "stretch" });
    const drawTile = plan.draw({ data: drawKitImage(width, height), width, height });
    return {
      pieces: plan.pieces,
      tiles: plan.tiles.map((tile, at) => [tile, drawTile(at)] as const),
    };
  });
  const tiles = plans.flatMap((plan) => plan.tiles);
  const question = { text: prompt, system: undefined, ...(history && { history }) };
  const pieces = layOutPrompt(
    idefics3Codec,
    setup.prompt,
    question,
    plans.map((plan) => plan.pieces),
  );
  const image = idefics3Codec.controlId("<image>")!;
  let next = 0;
  const ids = pieces.flatMap((piece) =>
    piece.kind === "tokens" ? piece.ids : new Array<number>(tiles[next++]![0].tokens).fill(image),
  );
  return { pieces, ids, tiles: tiles.map(([, { data }]) => data) };
}

/** Of the numbers of all tiles, as little-endian float32. */
export function hashTiles(tiles: readonly Float32Array[]): string {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of tiles) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}
