/**
 * Writes the kit's own prompts and pixels for questions to the small Idefics3, for `make.py answers`: a JSON file, and the
 * numbers of all tiles of each question as float32.
 *
 * `node --import tsx packages/web/test/write-idefics3-questions.ts FOLDER`
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashTiles, readKitPrompt } from "./exported-idefics3-prompt.ts";
import { KIT_QUESTIONS, MOST_TOKENS } from "./exported-idefics3-questions.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Name the folder to write to.");
mkdirSync(folder, { recursive: true });
const questions = KIT_QUESTIONS.map((question, index) => {
  const { ids, tiles } = readKitPrompt(question);
  const pixels = `tiles-${String(index)}.f32`;
  writeFileSync(join(folder, pixels), Buffer.concat(tiles.map((tile) => Buffer.from(tile.buffer))));
  return { name: question.name, ids, tiles: tiles.length, pixels, sha256: hashTiles(tiles) };
});
writeFileSync(
  join(folder, "questions.json"),
  JSON.stringify({ questions, mostTokens: MOST_TOKENS }),
);
