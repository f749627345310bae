/**
 * Draws the app's icons. Run with `node --import tsx examples/pwa/make-icons.ts`; the pictures are
 * committed, because systems want PNG and the sizes never change.
 */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";

const GREEN = "#0f6b4f";

/** A picture in a frame, with two lines of caption under it; within the circle that no mask cuts. */
const GLYPH = `
  <g fill="none" stroke="#fff" stroke-width="28" stroke-linecap="round" stroke-linejoin="round">
    <rect x="136" y="112" width="240" height="180" rx="30" />
    <path d="M150 262l62-62 46 46 38-34 66 58" />
    <path d="M146 346h220M186 400h140" />
  </g>
  <circle cx="312" cy="170" r="20" fill="#fff" />`;

const ICONS = [
  { file: "icon-192.png", side: 192, radius: 112, scale: 1.12 },
  { file: "icon-512.png", side: 512, radius: 112, scale: 1.12 },
  // Masks cut these into a shape: no corners of our own, and everything within 80 % of the width.
  { file: "maskable-512.png", side: 512, radius: 0, scale: 0.92 },
  { file: "apple-touch-icon.png", side: 180, radius: 0, scale: 1 },
] as const;

function draw({ radius, scale }: { radius: number; scale: number }): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">
  <rect width="512" height="512" rx="${radius}" fill="${GREEN}" />
  <g transform="translate(256 256) scale(${scale}) translate(-256 -256)">${GLYPH}
  </g>
</svg>
`;
}

const folder = fileURLToPath(new URL("public/icons/", import.meta.url));
for (const icon of ICONS) {
  const png = new Resvg(draw(icon), { fitTo: { mode: "width", value: icon.side } }).render();
  writeFileSync(folder + icon.file, png.asPng());
}
writeFileSync(`${folder}icon.svg`, draw({ radius: 112, scale: 1.12 }));
