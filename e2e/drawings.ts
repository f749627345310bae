/** Scenes drawn in the page from a drawing set of the model's training: what is where is known exactly. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";

interface IconSet {
  readonly width: number;
  readonly height: number;
  readonly icons: Readonly<Record<string, { readonly body: string } | undefined>>;
}

const require = createRequire(import.meta.url);
const set = require("@iconify-json/noto/icons.json") as IconSet;

/** Kind to the words of its caption, e.g. `"red-apple"` to `"an apple"`. */
export const KINDS = JSON.parse(
  readFileSync(fileURLToPath(new URL("../packages/tiny/kinds.json", import.meta.url)), "utf8"),
) as Readonly<Record<string, string>>;

export interface DrawnThing {
  readonly kind: string;
  /** Middle and side, in pixels of the 256 × 256 picture. */
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** Draws a scene and asks for its caption. */
export function captionOfDrawing(
  page: Page,
  background: string,
  things: readonly DrawnThing[],
): Promise<string> {
  const sprites = things.map(({ kind, ...place }) => ({ ...place, svg: toSvg(kind) }));
  return page.evaluate(
    async ({ background, sprites }) => {
      const canvas = new OffscreenCanvas(256, 256);
      const context = canvas.getContext("2d")!;
      context.fillStyle = background;
      context.fillRect(0, 0, 256, 256);
      for (const { svg, x, y, side } of sprites) {
        const image = new Image(side * 2, side * 2);
        image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
        await image.decode();
        context.drawImage(image, x - side / 2, y - side / 2, side, side);
      }
      const { vlm } = await window.kit.observeLoaded();
      return (await vlm.caption(canvas, { cache: false })).text;
    },
    { background, sprites },
  );
}

function toSvg(kind: string): string {
  const icon = set.icons[kind];
  if (!icon) throw new Error(`The drawing set has no ${kind}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${set.width} ${set.height}">${icon.body}</svg>`;
}
