/** What the page passes as a picture costs neither its memory nor its patience. */

import { expect, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-05.png";

test("no call outlives its time, its signal or the client, whatever its picture waits for", async ({
  kitPage,
  server,
}) => {
  server.faults.push(
    { path: "endless", kind: "stall", afterBytes: 20 },
    { path: "silent", kind: "stall" },
  );
  const png = await (await fetch(`${server.origin}${SCENE}`)).bytes();
  server.contents.set("/endless.png", png);
  const { timeouts, detached, aborted, refused, disposed, texts, early } = await kitPage.evaluate(
    async (scene) => {
      const { failureOf, fetchBlob, observe, timedFailureOf } = window.kit;
      const { vlm } = await observe();
      const makeImage = (src: string, change: (image: HTMLImageElement) => void) => {
        const image = new Image();
        change(image);
        image.src = src;
        return image;
      };
      const lazy = (image: HTMLImageElement): void => {
        image.loading = "lazy";
      };
      const sources: Record<string, HTMLImageElement | string> = {
        "not in the document": makeImage(scene, lazy),
        "not displayed": makeImage(scene, (image) => {
          lazy(image);
          image.style.display = "none";
          document.body.append(image);
        }),
        "out of sight": makeImage(scene, (image) => {
          lazy(image);
          image.style.cssText = "position: absolute; top: 90000px";
          document.body.append(image);
        }),
        endless: makeImage("/endless.png", () => undefined),
        "endless address": "/endless.png",
        "silent address": "/silent.png",
      };
      const timeouts: Record<string, Awaited<ReturnType<typeof timedFailureOf>>> = {};
      for (const [name, source] of Object.entries(sources)) {
        timeouts[name] = await timedFailureOf(() => vlm.caption(source, { timeoutMs: 300 }));
      }
      const open = await timedFailureOf(() => vlm.open(sources["endless"]!, { timeoutMs: 300 }));
      timeouts["an open photo"] = open;

      const pixels = new ImageData(64, 64);
      structuredClone(pixels.data.buffer, { transfer: [pixels.data.buffer] });
      const detached = await timedFailureOf(() => vlm.caption(pixels));
      const endless = sources["endless"]!;
      const controller = new AbortController();
      const waiting = timedFailureOf(() => vlm.caption(endless, { signal: controller.signal }));
      controller.abort();
      const aborted = await waiting;
      const refused = await timedFailureOf(() =>
        vlm.caption(endless, { signal: controller.signal }),
      );
      const texts = [
        (await vlm.caption(await fetchBlob(scene), { cache: false })).text,
        (
          await vlm.caption(
            makeImage(scene, () => undefined),
            { cache: false },
          )
        ).text,
      ];
      const ended = timedFailureOf(() => vlm.caption(endless));
      await vlm.dispose();
      const disposed = await ended;
      const early = await failureOf(() => vlm.caption(scene));
      return { timeouts, detached, aborted, refused, disposed, texts, early };
    },
    SCENE,
  );
  for (const [name, error] of Object.entries(timeouts)) {
    expect(error, name).toMatchObject({ code: "timeout", details: { timeoutMs: 300 } });
    expect(error.milliseconds, name).toBeLessThan(3000);
  }
  expect(timeouts["endless"]).toMatchObject({ details: { stage: "source" } });
  expect(timeouts["silent address"]).toMatchObject({ details: { stage: "image" } });
  expect(detached).toMatchObject({ code: "image-unreadable", details: { reason: "empty" } });
  expect(aborted).toMatchObject({ name: "AbortError", isDomException: true });
  expect(refused).toMatchObject({ name: "AbortError", isDomException: true });
  expect(disposed).toMatchObject({ name: "InvalidStateError" });
  expect(early).toMatchObject({ name: "InvalidStateError" });
  for (const error of [detached, aborted, refused, disposed]) {
    expect(error.milliseconds).toBeLessThan(1000);
  }
  expect(texts[0]).not.toBe("");
  expect(texts[1]).toBe(texts[0]);
});

test("what is too large is refused before it is decoded or copied", async ({ kitPage }) => {
  const { found, copies, text } = await kitPage.evaluate(async (scene) => {
    const { failureOf, observe, plainPicture } = window.kit;
    const { vlm } = await observe({ imageLimits: { maxPixels: 1e6 } });
    const [width, height] = [1200, 900];
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d")!;
    context.fillRect(0, 0, width, height);
    const image = new Image();
    image.src = URL.createObjectURL(await plainPicture("red", width, height));
    const video = document.createElement("video");
    video.srcObject = canvas.captureStream();
    video.muted = true;
    const timer = setInterval(() => {
      context.fillRect(0, 0, width, height); // a frame for the stream
    }, 50);
    await video.play();
    clearInterval(timer);
    const sources = {
      image,
      canvas,
      offscreen: new OffscreenCanvas(width, height),
      bitmap: await createImageBitmap(canvas),
      pixels: new ImageData(width, height),
      video,
      videoFrame: new VideoFrame(canvas, { timestamp: 0 }),
    };
    let copies = 0;
    const copy = window.createImageBitmap.bind(window);
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { decode } = HTMLImageElement.prototype;
    window.createImageBitmap = (...args: unknown[]) => {
      copies += 1;
      return copy(...(args as Parameters<typeof copy>));
    };
    HTMLImageElement.prototype.decode = function () {
      copies += 1;
      return decode.call(this);
    };
    const found: Record<string, unknown> = {};
    for (const [name, source] of Object.entries(sources)) {
      const { code, details } = await failureOf(() => vlm.caption(source));
      found[name] = { code, details };
    }
    return { found, copies, text: (await vlm.caption(scene)).text };
  }, SCENE);
  const refusal = {
    code: "image-too-large",
    details: { what: "pixels", actual: 1200 * 900, limit: 1e6 },
  };
  expect(Object.keys(found)).toHaveLength(7);
  for (const [name, error] of Object.entries(found)) expect(error, name).toEqual(refusal);
  expect(copies).toBe(0);
  expect(text).not.toBe("");
});

test("a bitmap that is larger than its file's header is refused", async ({ kitPage }) => {
  const { malformed, tooLarge } = await kitPage.evaluate(async (scene) => {
    const { breakWorkers, failureOf, fetchBlob, observe } = window.kit;
    breakWorkers("large-bitmaps");
    const picture = await fetchBlob(scene);
    const failureWith = async (maxPixels: number) => {
      const { vlm } = await observe({ imageLimits: { maxPixels } });
      return failureOf(() => vlm.caption(picture, { cache: false }));
    };
    return { malformed: await failureWith(1e6), tooLarge: await failureWith(500_000) };
  }, SCENE);
  expect(malformed).toMatchObject({
    code: "image-unreadable",
    details: { reason: "malformed" },
  });
  expect(tooLarge).toMatchObject({
    code: "image-too-large",
    details: { what: "pixels", actual: 810_000, limit: 500_000 },
  });
});
