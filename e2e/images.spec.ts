/** Everything that a page has as a picture goes in; what cannot be a picture gets a typed error. */

import { expect, test } from "./fixtures.ts";
import type { SeenError } from "./harness/main.ts";

const SCENE = "/scenes/scene-05.png";

test("takes every kind of source, gives the same answer, and leaves the caller's object usable", async ({
  loadedPage,
}) => {
  const texts = await loadedPage.evaluate(async (url) => {
    const { fetchBlob, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const blob = await fetchBlob(url);
    const bitmap = await createImageBitmap(blob);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    context.drawImage(bitmap, 0, 0);
    const offscreen = new OffscreenCanvas(bitmap.width, bitmap.height);
    offscreen.getContext("2d")!.drawImage(bitmap, 0, 0);
    const image = new Image();
    image.src = url;
    const sources = {
      blob,
      file: new File([blob], "scene.dat"),
      bitmap,
      imageData: context.getImageData(0, 0, canvas.width, canvas.height),
      canvas,
      offscreen,
      videoFrame: new VideoFrame(offscreen, { timestamp: 0 }),
      image,
      url,
      absoluteUrl: new URL(url, location.href).href,
      objectUrl: URL.createObjectURL(blob),
    };
    const found: Record<string, string> = {};
    for (const [name, source] of Object.entries(sources)) {
      found[name] = (await vlm.caption(source, { cache: false })).text;
    }
    found["bitmap again"] = (await vlm.caption(bitmap, { cache: false })).text;
    return found;
  }, SCENE);
  expect(new Set(Object.values(texts)).size, JSON.stringify(texts)).toBe(1);
});

test("takes the current frame of a video", async ({ loadedPage }) => {
  const { before, frame } = await loadedPage.evaluate(async (url) => {
    const { failureOf, fetchBlob, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const video = document.createElement("video");
    const before = await failureOf(() => vlm.caption(video));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [256, 256];
    const context = canvas.getContext("2d")!;
    const bitmap = await createImageBitmap(await fetchBlob(url));
    video.srcObject = canvas.captureStream();
    video.muted = true;
    const timer = setInterval(() => {
      context.drawImage(bitmap, 0, 0);
    }, 50);
    await video.play();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const frame = await vlm.caption(video);
    clearInterval(timer);
    return { before, frame };
  }, SCENE);
  expect(before).toMatchObject({ code: "image-unreadable", details: { reason: "not-ready" } });
  expect(frame.text).not.toBe("");
  expect(frame.tokens.image).toBe(16);
});

test("decodes PNG, JPEG, WebP, GIF, AVIF and BMP whatever type they claim", async ({
  loadedPage,
}) => {
  const sizes = await loadedPage.evaluate(async () => {
    const { fetchBlob, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const files = [
      "pngsuite/basn3p08.png",
      "pillow/app13.jpg",
      "pillow/anim_frame1.webp",
      "pillow/hopper.avif",
      "pillow/pal8v5.bmp",
    ];
    const found: Record<string, string> = {};
    // The smallest GIF: one pixel, red.
    const gif = atob("R0lGODlhAQABAIAAAP8AAP///ywAAAAAAQABAAACAkQBADs=");
    const bytes = Uint8Array.from(gif, (character) => character.charCodeAt(0));
    found["gif"] = (await vlm.caption(new Blob([bytes]))).text;
    for (const file of files) {
      const blob = new Blob([await fetchBlob(`/images/${file}`)], {
        type: "application/x-anything",
      });
      const request = { image: blob, prompt: "Describe this image.", maxNewTokens: 1 };
      for await (const event of vlm.generate(request)) {
        if (event.type === "image-ready")
          found[file] = `${event.images[0]!.width}x${event.images[0]!.height}`;
      }
    }
    return found;
  });
  expect(sizes).toMatchObject({
    "pngsuite/basn3p08.png": "32x32",
    "pillow/hopper.avif": "128x128",
  });
  expect(Object.keys(sizes)).toHaveLength(6);
  expect(sizes["gif"]).toContain("red background");
});

test("applies EXIF orientation and shows transparent pixels on white", async ({ loadedPage }) => {
  const { upright, turned, transparent, white } = await loadedPage.evaluate(async () => {
    const { observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const canvas = new OffscreenCanvas(320, 160);
    const context = canvas.getContext("2d")!;
    context.fillStyle = "rgb(200, 30, 30)";
    context.fillRect(0, 0, 320, 160);
    const jpeg = new Uint8Array(
      await (await canvas.convertToBlob({ type: "image/jpeg", quality: 1 })).arrayBuffer(),
    );
    // An APP1 segment with one EXIF entry: orientation 6, a quarter turn.
    const exif = [
      0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 1, 0x01,
      0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
    ];
    const withExif = new Blob([jpeg.slice(0, 2), new Uint8Array(exif), jpeg.slice(2)]);
    const sizeOf = async (image: Blob): Promise<string> => {
      for await (const event of vlm.generate({
        image,
        prompt: "Describe this image.",
        maxNewTokens: 1,
        cache: false,
      })) {
        if (event.type === "image-ready")
          return `${event.images[0]!.width}x${event.images[0]!.height}`;
      }
      return "";
    };
    const clear = new OffscreenCanvas(256, 256);
    clear.getContext("2d")!.clearRect(0, 0, 256, 256);
    const white = await window.kit.plainPicture("#fff");
    return {
      upright: await sizeOf(new Blob([jpeg])),
      turned: await sizeOf(withExif),
      transparent: (await vlm.caption(await clear.convertToBlob(), { cache: false })).text,
      white: (await vlm.caption(white, { cache: false })).text,
    };
  });
  expect(upright).toBe("320x160");
  expect(turned).toBe("160x320");
  expect(transparent).toBe(white);
});

test("refuses what is no picture, too large, damaged or out of reach, in words", async ({
  kitPage,
  server,
}) => {
  const errors = await kitPage.evaluate(async (origin) => {
    const { failureOf, fetchBlob, observe, plainPicture } = window.kit;
    const { vlm, metrics } = await observe({ imageLimits: { maxBytes: 100_000, maxPixels: 1e6 } });
    const otherOrigin = origin.replace("localhost", "127.0.0.1");
    const tainted = new Image();
    tainted.src = `${otherOrigin}/no-cors/scene-01.png`;
    const sources: Record<string, () => unknown> = {
      html: () => new Blob(["<!doctype html><title>x</title>"], { type: "image/png" }),
      empty: () => new Blob([]),
      bytes: () => new Blob([new Uint8Array(200_000)]),
      pixels: () => plainPicture("red", 2000, 2000),
      bitmapPixels: () => createImageBitmap(new ImageData(1200, 1200)),
      damaged: () => fetchBlob("/images/pngsuite/xdtn0g01.png"),
      largerFrame: () => fetchBlob("/faults/avif-larger-frame.avif"),
      largerTrack: () => fetchBlob("/faults/avif-sequence-larger-track.avif"),
      notFound: () => "/scenes/no-such.png",
      noCors: () => `${otherOrigin}/no-cors/scene-01.png`,
      tainted: () => tainted,
    };
    const found: Record<string, { code: string | undefined; details: unknown; message: string }> =
      {};
    for (const [name, make] of Object.entries(sources)) {
      const image = (await make()) as Blob;
      const { code, details, message } = await failureOf(() => vlm.caption(image));
      found[name] = { code, details, message };
    }
    const noPictures: Record<string, unknown> = {
      nothing: undefined,
      null: null,
      number: 42,
      list: [],
      "empty address": "",
      password: "https://user:secret@localhost/x.png",
    };
    const argument: Record<string, SeenError> = {};
    for (const [name, value] of Object.entries(noPictures)) {
      argument[name] = await failureOf(() => vlm.caption(value as Blob));
    }
    const after = await vlm.caption("/scenes/scene-01.png");
    const rejected = metrics.filter(({ name }) => name === "vlm.image.rejected").length;
    return { found, argument, after, rejected };
  }, server.origin);
  expect(errors.found).toMatchObject({
    html: { code: "image-unsupported", details: { kind: "html" } },
    empty: { code: "image-unreadable", details: { reason: "empty" } },
    bytes: { code: "image-too-large", details: { what: "bytes", actual: 200_000, limit: 100_000 } },
    pixels: { code: "image-too-large", details: { what: "pixels", actual: 4e6, limit: 1e6 } },
    bitmapPixels: { code: "image-too-large", details: { what: "pixels" } },
    damaged: { code: "image-unreadable", details: { reason: "decode-failed" } },
    largerFrame: { code: "image-unreadable", details: { reason: "malformed" } },
    largerTrack: { code: "image-unreadable", details: { reason: "malformed" } },
    notFound: { code: "image-fetch-failed", details: { status: 404 } },
    noCors: { code: "image-fetch-failed" },
    tainted: { code: "image-unreadable", details: { reason: "cross-origin" } },
  });
  for (const { message } of Object.values(errors.found)) expect(message).toMatch(/\. .*\.$/);
  for (const error of Object.values(errors.argument)) {
    expect(error).toMatchObject({ name: "TypeError", isVlmError: false });
    expect(error.message).not.toContain("secret");
  }
  expect(errors.after.text).not.toBe("");
  expect(errors.rejected).toBe(Object.keys(errors.found).length);
});
