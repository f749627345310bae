import { expect, it } from "vitest";
import { keepTiles } from "./kept-tiles.ts";

const TILE_BYTES = 3 * 8 * 8 * 4;

function create(maxBytes: number): { drawn: number[]; tensorOf: ReturnType<typeof keepTiles> } {
  const drawn: number[] = [];
  const draw = (tile: number): { data: Float32Array<ArrayBuffer>; size: number } => {
    drawn.push(tile);
    return { data: new Float32Array(3 * 8 * 8).fill(tile), size: 8 };
  };
  return { drawn, tensorOf: keepTiles(draw, maxBytes) };
}

it("draws each tile once where there is room for all", () => {
  const { drawn, tensorOf } = create(2 * TILE_BYTES);
  for (const tile of [0, 1, 0, 1, 1]) expect(tensorOf(tile).data[0]).toBe(tile);
  expect(drawn).toEqual([0, 1]);
});

it("keeps the first tiles and the last one where there is no room for all", () => {
  const { drawn, tensorOf } = create(2 * TILE_BYTES);
  for (const tile of [0, 1, 2, 3, 0, 1, 2, 2, 3]) expect(tensorOf(tile).data[0]).toBe(tile);
  expect(drawn).toEqual([0, 1, 2, 3, 2, 3]);
});

it("keeps a tile that alone is too large until another is asked for", () => {
  const { drawn, tensorOf } = create(0);
  for (const tile of [0, 0, 1, 0]) tensorOf(tile);
  expect(drawn).toEqual([0, 1, 0]);
});
