/** What stands in the prompt in the place of an image, as `Idefics3Processor` writes it. */

import type { ImagePiece } from "../family.ts";
import type { TileGrid } from "./grid.ts";

const TILE: ImagePiece = { kind: "tile" };
/** Before each tile, and after the last. */
const AROUND = control("<fake_token_around_image>");
const WHOLE = control("<global-img>");

/** A mark before each tile, a newline after each row, one more before the whole image, and a mark after it. */
export function piecesOf({ rows, columns }: Pick<TileGrid, "rows" | "columns">): ImagePiece[] {
  const crops: ImagePiece[] = [];
  for (let row = 1; row <= rows; row += 1) {
    for (let column = 1; column <= columns; column += 1) {
      crops.push(AROUND, control(`<row_${String(row)}_col_${String(column)}>`), TILE);
    }
    // The newline after the last row and the one before the whole image are one text, and one token.
    crops.push({ kind: "text", text: row === rows ? "\n\n" : "\n" });
  }
  return [...crops, AROUND, WHOLE, TILE, AROUND];
}

function control(token: string): ImagePiece {
  return { kind: "control", token };
}
