/** What the server decodes in Node, beside what Chromium decodes: the same sizes, and the same colours. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp, { type Sharp } from "sharp";
import { expect, test } from "./fixtures.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const [WIDTH, HEIGHT] = [48, 32];

/** A smooth image of many hues, whose four corners differ. */
const SAMPLES = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, at) => {
  const [pixel, channel] = [Math.floor(at / 3), at % 3];
  const angle = (pixel % WIDTH) / 9 + Math.floor(pixel / WIDTH) / 14 + channel * 2;
  return Math.round(((Math.sin(angle) + 1) / 2) * 255);
});

const image = (): Sharp => sharp(SAMPLES, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
const turned = (orientation: number) => () =>
  image().withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
const corpus = (path: string) => () =>
  readFileSync(new URL(`../packages/web/src/image/fixtures/corpora/${path}`, import.meta.url));

const FILES: Readonly<Record<string, () => Buffer | Promise<Buffer>>> = {
  PNG: () => image().png().toBuffer(),
  "PNG, palette": () => image().png({ palette: true }).toBuffer(),
  "PNG, translucent": () => image().ensureAlpha(0.4).png().toBuffer(),
  "PNG, 16 bits": () => image().toColourspace("rgb16").png().toBuffer(),
  "JPEG, 4:2:0": () => image().jpeg({ quality: 90 }).toBuffer(),
  "JPEG, progressive": () => image().jpeg({ quality: 90, progressive: true }).toBuffer(),
  "JPEG, grey": () => image().greyscale().jpeg({ quality: 95 }).toBuffer(),
  "JPEG, Display P3": () => image().withIccProfile("p3").jpeg({ quality: 95 }).toBuffer(),
  "JPEG, mirrored": turned(2),
  "JPEG, upside down": turned(3),
  "JPEG, on its side": turned(6),
  "JPEG, mirrored on its side": turned(7),
  "WebP, translucent": () => image().ensureAlpha(0.4).webp({ lossless: true }).toBuffer(),
  WebP: () => image().webp({ quality: 90 }).toBuffer(),
  GIF: () => image().gif().toBuffer(),
  AVIF: corpus("pillow/hopper.avif"),
};

/** The greatest mean difference of a colour, 0 to 255. */
const LIMIT = 1.5;

let folder: string;

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fastvlm-pixels-"));
});

test.afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("images have in Node the pixels that they have in Chromium", async ({ page, server }) => {
  const names = Object.keys(FILES);
  const paths = names.map((_, at) => join(folder, String(at)));
  for (const [at, write] of Object.values(FILES).entries())
    writeFileSync(paths[at]!, await write());
  const decoded = decodeInNode(paths);
  await page.goto(`${server.origin}/index.html`);
  for (const [at, name] of names.entries()) {
    const shown = await page.evaluate(showOnWhite, [...readFileSync(paths[at]!)]);
    const { width, height, data } = decoded[at]!;
    expect({ name, width, height }).toEqual({ name, width: shown.width, height: shown.height });
    expect(meanDifference(data, shown.data), name).toBeLessThan(LIMIT);
  }
});

interface Shown {
  readonly width: number;
  readonly height: number;
  /** Three samples a pixel. */
  readonly data: number[];
}

/** Runs in the page. */
async function showOnWhite(bytes: number[]): Promise<Shown> {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(bytes)]));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, data: [...data].filter((_, at) => at % 4 < 3) };
}

/** The files in a process of Node that runs the sources. */
function decodeInNode(paths: readonly string[]): Shown[] {
  const output = execFileSync(
    process.execPath,
    [
      ...["--import", here("../packages/serve/test/tsx-in-threads.js")],
      ...["--conditions", "@fastvlm-kit/source"],
      here("harness/decode-in-node.ts"),
      ...paths,
    ],
    { encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  return JSON.parse(output) as Shown[];
}

function meanDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
}
