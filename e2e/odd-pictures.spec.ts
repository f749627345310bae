/** Files that browsers show although something is odd about them, and files that are slow to decode on purpose. */

import { readFileSync } from "node:fs";
import sharp from "sharp";
import { repeatLastScan } from "../packages/web/test/craft-jpeg.ts";
import { repeatFirstFrame } from "../packages/web/test/craft-sequence.ts";
import { otherEngine } from "../tools/tested-engine.ts";
import { expect, notIn, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-05.png";

const WRITES_NO_WEBP = "It makes its WebP in the browser, and WebKit 2.50 writes none.";

test("shows the part that there is of files that are cut short, as an <img> does", async ({
  loadedPage,
}) => {
  const seen = await loadedPage.evaluate(async (scene) => {
    const { compareWithImg, fetchBlob, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const png = await fetchBlob(scene);
    const bitmap = await createImageBitmap(png);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    const [jpeg, webp] = [
      await canvas.convertToBlob({ type: "image/jpeg" }),
      await canvas.convertToBlob({ type: "image/webp" }),
    ];
    const cuts: Record<string, Blob> = {
      "JPEG without its end marker": jpeg.slice(0, -2),
      "half a JPEG": jpeg.slice(0, jpeg.size / 2),
      "PNG cut in its last chunk": png.slice(0, -5),
      "half a PNG": png.slice(0, png.size / 2),
      "half a WebP": webp.slice(0, webp.size / 2),
    };
    const found: Record<string, { difference: number | undefined; [seen: string]: unknown }> = {};
    for (const [name, blob] of Object.entries(cuts)) {
      const { difference, isTruncated } = await compareWithImg(blob);
      const { images, text } = await vlm.caption(blob);
      const again = await vlm.caption(blob, { cache: false });
      found[name] = {
        isTruncated,
        difference,
        inResult: images[0]!.truncated,
        inLaterResult: again.images[0]!.truncated,
        hasText: text !== "",
      };
    }
    const whole = await vlm.caption(jpeg);
    return { found, whole: whole.images[0]! };
  }, SCENE);
  for (const [name, { difference, ...one }] of Object.entries(seen.found)) {
    // Of half a WebP, Chromium's <img> shows nothing. Of any file that is cut short, WebKit's draws nothing on a canvas.
    const isComparable = name !== "half a WebP" && otherEngine !== "webkit";
    if (isComparable) expect(difference, name).toBeLessThan(3);
    expect(one, name).toEqual({
      isTruncated: true,
      inResult: true,
      inLaterResult: true,
      hasText: true,
    });
  }
  expect(seen.whole).not.toHaveProperty("truncated");
});

test(
  "reads ICO, JPEG XL where the browser does, and turns a WebP as its EXIF block asks",
  notIn("webkit", WRITES_NO_WEBP),
  async ({ loadedPage }) => {
    const seen = await loadedPage.evaluate(async (scene) => {
      const { compareWithImg, failureOf, fetchBlob } = window.kit;
      const png = new Uint8Array(await (await fetchBlob(scene)).arrayBuffer());
      const u32 = (value: number): number[] =>
        [0, 8, 16, 24].map((shift) => (value >> shift) & 255);
      const entry = [0, 0, 0, 0, 1, 0, 32, 0, ...u32(png.length), ...u32(22)];
      const ico = new Blob([new Uint8Array([0, 0, 1, 0, 1, 0, ...entry]), png]);

      const canvas = new OffscreenCanvas(300, 100);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "rgb(200, 30, 30)";
      context.fillRect(0, 0, 300, 100);
      const webp = new Uint8Array(
        await (await canvas.convertToBlob({ type: "image/webp" })).arrayBuffer(),
      );
      const isExtended = String.fromCharCode(...webp.slice(12, 16)) === "VP8X";
      const head = [0x56, 0x50, 0x38, 0x58, 10, 0, 0, 0, 8, 0, 0, 0, 43, 1, 0, 99, 0, 0]; // VP8X
      const exif = [0x45, 0x58, 0x49, 0x46, 26, 0, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8]; // EXIF
      const entries = [0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
      const turned = new Uint8Array([
        ...webp.slice(0, 12),
        ...(isExtended ? [] : head),
        ...webp.slice(12),
        ...exif,
        ...entries,
      ]);
      if (isExtended) turned[20]! |= 8;
      new DataView(turned.buffer).setUint32(4, turned.length - 8, true);
      const jxl = await fetchBlob("/faults/good.jxl");
      const sizeOf = ({ width, height }: { width: number; height: number }): number[] => [
        width,
        height,
      ];
      const readsJxl = await createImageBitmap(jxl).then(
        () => true,
        () => false,
      );
      return {
        ico: await compareWithImg(ico),
        webp: sizeOf(await compareWithImg(new Blob([turned]))),
        jxl: readsJxl
          ? sizeOf(await compareWithImg(jxl))
          : (await failureOf(() => compareWithImg(jxl))).code,
        readsJxl,
        largerFrame: await failureOf(async () =>
          compareWithImg(await fetchBlob("/faults/jxl-larger-frame.jxl")),
        ),
      };
    }, SCENE);
    expect(seen.ico).toMatchObject({ width: 256, height: 256 });
    expect(seen.ico.difference).toBeLessThan(3);
    expect(seen.webp).toEqual([100, 300]);
    expect(seen.jxl).toEqual(seen.readsJxl ? [256, 256] : "image-unsupported");
    // Chromium 156 decodes 16,000 × 16,000 pixels for the 64 × 64 that it shows.
    expect(seen.largerFrame).toMatchObject({
      code: "image-too-large",
      details: { what: "pixels", actual: 256e6 },
    });
  },
);

test("a photograph of 48 megapixels and a long panorama are reduced, as a file or on the page", async ({
  loadedPage,
}) => {
  const seen = await loadedPage.evaluate(async () => {
    const { observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const paint = async (width: number, height: number, type: string): Promise<Blob> => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "rgb(200, 30, 30)";
      context.fillRect(0, 0, width, height);
      return canvas.convertToBlob({ type });
    };
    let copies = 0;
    const copy = window.createImageBitmap.bind(window);
    window.createImageBitmap = (...args: unknown[]) => {
      copies += 1;
      return copy(...(args as Parameters<typeof copy>));
    };
    const captionOf = async (image: Blob | HTMLImageElement | ImageBitmap | OffscreenCanvas) => {
      copies = 0;
      const { text, images } = await vlm.caption(image, { cache: false });
      return { text, size: [images[0]!.width, images[0]!.height], copies };
    };
    const photograph = await paint(8000, 6000, "image/jpeg");
    const show = async (canBeFetched: boolean): Promise<HTMLImageElement> => {
      const image = new Image();
      image.src = URL.createObjectURL(photograph);
      await image.decode();
      if (!canBeFetched) URL.revokeObjectURL(image.src);
      return image;
    };
    const canvas = new OffscreenCanvas(8000, 6000);
    canvas.getContext("2d")!.drawImage(await show(true), 0, 0);
    const seen = {
      photograph: await captionOf(photograph),
      element: await captionOf(await show(true)),
      "element without its file": await captionOf(await show(false)),
      canvas: await captionOf(canvas),
      bitmap: await captionOf(canvas.transferToImageBitmap()),
      small: await captionOf(await paint(800, 600, "image/jpeg")),
      panorama: await captionOf(await paint(20_000, 1000, "image/png")),
    };
    window.createImageBitmap = copy;
    return seen;
  });
  const drawn = ["element without its file", "canvas", "bitmap"];
  for (const [name, { text, size, copies }] of Object.entries(seen)) {
    expect(copies, name).toBe(drawn.includes(name) ? 1 : 0);
    if (name === "small" || name === "panorama") continue;
    expect(size, name).toEqual([8000, 6000]);
    expect(text, name).toBe(seen.small.text);
  }
  expect(seen.panorama.size).toEqual([20_000, 1000]);
});

test(
  "an animation of 50,000 frames costs no more than its first one",
  notIn("webkit", WRITES_NO_WEBP),
  async ({ loadedPage }) => {
    const milliseconds = await loadedPage.evaluate(async () => {
      const { observeLoaded } = window.kit;
      const { vlm } = await observeLoaded();
      const canvas = new OffscreenCanvas(1, 1);
      canvas.getContext("2d")!.fillRect(0, 0, 1, 1);
      const webp = new Uint8Array(
        await (await canvas.convertToBlob({ type: "image/webp" })).arrayBuffer(),
      );
      // The image chunk, from its name on: after the extended header's chunk, if there is one.
      const names = String.fromCharCode(...webp);
      const image = webp.slice(Math.max(names.indexOf("VP8L"), names.lastIndexOf("VP8 "), 12));
      const u32 = (value: number): number[] =>
        [0, 8, 16, 24].map((shift) => (value >> shift) & 255);
      const text = (value: string): number[] => Array.from(value, (one) => one.charCodeAt(0));
      const frame = [...new Array<number>(16).fill(0), ...image];
      const chunk = new Uint8Array([...text("ANMF"), ...u32(frame.length), ...frame]);
      const head = [...text("VP8X"), ...u32(10), 2, ...new Array<number>(9).fill(0)];
      const animation = [...text("ANIM"), ...u32(6), 0, 0, 0, 0, 0, 0];
      const bytes = head.length + animation.length + chunk.length * 50_000 + 4;
      const file = new Blob([
        new Uint8Array([...text("RIFF"), ...u32(bytes), ...text("WEBP"), ...head, ...animation]),
        ...new Array<Uint8Array<ArrayBuffer>>(50_000).fill(chunk),
      ]);
      const startedAt = performance.now();
      await vlm.caption(file);
      return performance.now() - startedAt;
    });
    expect(milliseconds).toBeLessThan(5000); // Chromium 156 takes 9 s for all frames, and minutes for 200,000.
  },
);

test("an AVIF sequence of 200,000 frames costs no more than its first one, and shows it", async ({
  loadedPage,
}) => {
  const few = readFileSync(
    new URL("../packages/web/src/image/fixtures/sequences/drawn-alpha.avif", import.meta.url),
  );
  const many = Buffer.from(repeatFirstFrame(few, 200_000));
  const seen = await loadedPage.evaluate(
    async (addresses) => {
      const { compareWithImg, fetchBlob, observeLoaded } = window.kit;
      const { vlm } = await observeLoaded();
      const [few, many] = [await fetchBlob(addresses.few), await fetchBlob(addresses.many)];
      const { difference } = await compareWithImg(few);
      const { text } = await vlm.caption(few, { cache: false });
      const startedAt = performance.now();
      const ofMany = await vlm.caption(many, { cache: false });
      const milliseconds = performance.now() - startedAt;
      return { difference, isSame: ofMany.text === text, milliseconds };
    },
    {
      few: `data:;base64,${few.toString("base64")}`,
      many: `data:;base64,${many.toString("base64")}`,
    },
  );
  expect(seen.difference).toBeLessThan(1);
  expect(seen.isSame).toBe(true);
  expect(seen.milliseconds).toBeLessThan(5000); // Chromium 156 takes 48 s for all frames.
});

test("an image that is slow to decode ends at its deadline, and the next one is answered soon", async ({
  kitPage,
}) => {
  const quick = await sharp({
    create: { width: 6000, height: 6000, channels: 3, background: "rgb(200, 30, 30)" },
  })
    .jpeg({ progressive: true, quality: 50 })
    .toBuffer();
  // Each scan costs a decoder the same time again: with these it takes 20 times as long as the deadline allows.
  const slow = repeatLastScan(quick, 200);
  const seen = await kitPage.evaluate(
    async ([scene, base64]) => {
      const { fetchBlob, observe, tinyModel, timedFailureOf } = window.kit;
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const image = new Blob([bytes], { type: "image/jpeg" });
      const { vlm, workers } = await observe({
        model: tinyModel(),
        imageLimits: { maxDecodeMs: 250, maxScans: Infinity },
      });
      const good = await fetchBlob(scene);
      const failure = await timedFailureOf(() => vlm.caption(image, { cache: false }));
      const startedAt = performance.now();
      const { text } = await vlm.caption(good, { cache: false });
      const milliseconds = performance.now() - startedAt;
      return { failure, milliseconds, text, workers: workers.length };
    },
    [SCENE, slow.toString("base64")] as const,
  );
  expect(seen.failure).toMatchObject({
    code: "image-too-large",
    details: { what: "time", limit: 250 },
  });
  expect(seen.text).not.toBe("");
  // WebKit decodes on the worker's own thread, so that only its end makes room for the next picture. The threads of the next
  // worker start when the decoder is done: after 10 s here, as measured in WebKitGTK 2.50. One thread would start at once.
  const isSameThread = otherEngine === "webkit";
  expect(seen.workers).toBe(isSameThread ? 2 : 1);
  // Nothing waits for the whole picture.
  if (!isSameThread) expect(seen.milliseconds).toBeLessThan(5000);
});
