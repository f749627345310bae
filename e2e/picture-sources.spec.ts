/** What the page passes as a picture costs neither its memory nor its patience. */

import { otherEngine } from "../tools/tested-engine.ts";
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
  const seen = await kitPage.evaluate(async (scene) => {
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
    const lazies: Record<string, HTMLImageElement> = {
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
    };
    const sources: Record<string, HTMLImageElement | Response | URL | string> = {
      endless: makeImage("/endless.png", () => undefined),
      "endless and lazy": makeImage("/endless.png?lazy", lazy),
      "endless response": await fetch("/endless.png?response"),
      "silent URL": new URL("/silent.png?url", location.href),
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
    const refused = await timedFailureOf(() => vlm.caption(endless, { signal: controller.signal }));
    const loadings: string[] = [];
    const lazyTexts: string[] = [];
    for (const image of Object.values(lazies)) {
      lazyTexts.push((await vlm.caption(image, { cache: false })).text);
      loadings.push(image.loading);
    }
    const texts = [
      (await vlm.caption(await fetchBlob(scene), { cache: false })).text,
      ...lazyTexts,
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
    return { timeouts, detached, aborted, refused, disposed, texts, loadings, early };
  }, SCENE);
  const { timeouts, detached, aborted, refused, disposed, texts, loadings, early } = seen;
  for (const [name, error] of Object.entries(timeouts)) {
    expect(error, name).toMatchObject({ code: "timeout", details: { timeoutMs: 300 } });
    expect(error.milliseconds, name).toBeLessThan(3000);
  }
  expect(timeouts["endless"]).toMatchObject({ details: { stage: "source" } });
  expect(timeouts["silent address"]).toMatchObject({ details: { stage: "source" } });
  expect(detached).toMatchObject({ code: "image-unreadable", details: { reason: "empty" } });
  expect(aborted).toMatchObject({ name: "AbortError", isDomException: true });
  expect(refused).toMatchObject({ name: "AbortError", isDomException: true });
  expect(disposed).toMatchObject({ name: "InvalidStateError" });
  expect(early).toMatchObject({ name: "InvalidStateError" });
  for (const error of [detached, aborted, refused, disposed]) {
    expect(error.milliseconds).toBeLessThan(1000);
  }
  expect(texts[0]).not.toBe("");
  expect(new Set(texts).size, texts.join("\n")).toBe(1);
  // Each of the three is as lazy as it was.
  expect(loadings).toEqual(["lazy", "lazy", "lazy"]);
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

test("an address that never answers holds up no other call", async ({ kitPage, server }) => {
  server.faults.push({ path: "silent", kind: "stall" });
  const { order, silent, disposed, forbidden } = await kitPage.evaluate(async (scene) => {
    const { failureOf, fetchBlob, observe } = window.kit;
    const { vlm } = await observe();
    const image = await fetchBlob(scene);
    const order: string[] = [];
    const waiting = failureOf(() => vlm.caption("/silent.png", { timeoutMs: 20_000 }));
    void waiting.then(() => order.push("silent"));
    await vlm.caption(image);
    order.push("good");
    const first = [...order];
    await vlm.dispose();
    const silent = await waiting;
    const offline = await observe({ network: "none" });
    return {
      order: first,
      silent,
      disposed: await failureOf(() => vlm.caption(image)),
      forbidden: await failureOf(() => offline.vlm.caption("/a.png?key=secret#part")),
    };
  }, SCENE);
  expect(order).toEqual(["good"]);
  expect(silent).toMatchObject({ name: "InvalidStateError" });
  expect(disposed).toMatchObject({ name: "InvalidStateError" });
  expect(forbidden).toMatchObject({
    code: "network-forbidden",
    details: { url: `${server.origin}/a.png` },
  });
});

test("objects of another window, bytes, floats and wide colours are the same image", async ({
  loadedPage,
}) => {
  const seen = await loadedPage.evaluate(async (scene) => {
    const { ask, failureOf, fetchBlob, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const blob = await fetchBlob(scene);
    const bytes = await blob.arrayBuffer();
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const other = frame.contentWindow as unknown as typeof window & typeof globalThis;
    const draw = (canvas: OffscreenCanvas | HTMLCanvasElement, bitmap: ImageBitmap) => {
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
      context.drawImage(bitmap, 0, 0);
      return context;
    };
    const bitmap = await createImageBitmap(blob);
    const context = draw(new OffscreenCanvas(1, 1), bitmap);
    const read = (settings: object) =>
      context.getImageData(0, 0, bitmap.width, bitmap.height, settings);
    const { data, width, height } = read({});
    const image = new other.Image();
    image.src = scene;
    const canvas = other.document.createElement("canvas");
    draw(canvas, bitmap);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength + 8), 8);
    shared.set(new Uint8Array(bytes));
    const frameOfVideo = new VideoFrame(bitmap, { timestamp: 0 });
    const answer = await fetch(scene);
    const url = new URL(scene, location.href);
    const sources = {
      blob,
      answer,
      "the same answer again": answer,
      "another window's answer": await other.fetch(url.href),
      url,
      "another window's URL": new other.URL(url.href),
      "bytes of threads": shared,
      "a part of bytes": new Uint8Array(new Uint8Array([0, ...new Uint8Array(bytes)]).buffer, 1),
      "a VideoFrame": frameOfVideo,
      "another window's VideoFrame": new other.VideoFrame(bitmap, { timestamp: 0 }),
      "another window's Blob": new other.Blob([bytes]),
      "another window's File": new other.File([bytes], "a.png"),
      "another window's bytes": new other.Uint8Array(bytes),
      "another window's ImageData": new other.ImageData(data, width, height),
      "another window's ImageBitmap": await other.createImageBitmap(blob),
      "another window's canvas": canvas,
      "another window's image": image,
      bytes,
      floats: read({ pixelFormat: "rgba-float16" }),
      "wide colours": read({ colorSpace: "display-p3" }),
      "wide floats": read({ colorSpace: "display-p3", pixelFormat: "rgba-float16" }),
    };
    const texts: Record<string, string> = {};
    for (const [name, source] of Object.entries(sources)) {
      texts[name] = (await vlm.caption(source, { cache: false })).text;
    }
    frame.remove();
    const forged = await failureOf(() => vlm.caption(Object.create(Blob.prototype) as Blob));
    const isStillThere = (await answer.blob()).size === bytes.byteLength;
    const answers = {
      used: await failureOf(() => vlm.caption(answer)),
      missing: await failureOf(async () => vlm.caption(await fetch("/no-such.png"))),
      opaque: await failureOf(async () =>
        vlm.caption(await fetch(url.href.replace("localhost", "127.0.0.1"), { mode: "no-cors" })),
      ),
    };
    frameOfVideo.close();
    // Numbers of a wide colour space mean another colour: the browser makes "217, 42, 52" of these.
    const plain = (colour: readonly number[], settings: ImageDataSettings) => {
      const pixels = new ImageData(64, 64, settings);
      for (let at = 0; at < pixels.data.length; at += 4) pixels.data.set(colour, at);
      return pixels;
    };
    // Firefox 153 and WebKitGTK 2.50 have no wide colours in an ImageData, and no third argument.
    if (!("colorSpace" in ImageData.prototype)) return { texts, forged, answers, isStillThere };
    const reused = async (pixels: ImageData): Promise<number> =>
      (await ask(vlm, { image: pixels, prompt: "Is it red?", maxNewTokens: 1 })).tokens.reused;
    await reused(plain([200, 60, 60, 255], { colorSpace: "display-p3" }));
    const colours = {
      converted: await reused(plain([217, 42, 52, 255], {})),
      asTheyAre: await reused(plain([200, 60, 60, 255], {})),
    };
    return { texts, forged, colours, answers, isStillThere };
  }, SCENE);
  const { texts, forged, colours, answers, isStillThere } = seen;
  expect(new Set(Object.values(texts)).size, JSON.stringify(texts)).toBe(1);
  expect(isStillThere).toBe(true);
  expect(answers).toMatchObject({
    used: { name: "TypeError", message: expect.stringContaining("`response.clone()`") },
    missing: { code: "image-fetch-failed", details: { status: 404 } },
    opaque: { code: "image-unreadable", details: { reason: "cross-origin" } },
  });
  expect(forged).toMatchObject({ name: "TypeError" });
  if (colours) expect(colours.converted).toBeGreaterThan(colours.asTheyAre);
  else expect(otherEngine).toBeDefined();
});

test("what a large image takes is what the encoder needs of it", async ({ loadedPage }) => {
  const { sizes, seen, texts } = await loadedPage.evaluate(async (scene) => {
    const { fetchBlob, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const canvas = new OffscreenCanvas(6000, 6000);
    canvas
      .getContext("2d")!
      .drawImage(await createImageBitmap(await fetchBlob(scene)), 0, 0, 6000, 6000);
    const large = await createImageBitmap(canvas);
    const sizes: number[] = [];
    const copy = window.createImageBitmap.bind(window);
    window.createImageBitmap = async (...args: unknown[]) => {
      const bitmap = await copy(...(args as Parameters<typeof copy>));
      sizes.push(bitmap.width * bitmap.height);
      return bitmap;
    };
    const calls = Array.from({ length: 8 }, () => vlm.caption(large, { cache: false }));
    const results = await Promise.all(calls);
    window.createImageBitmap = copy;
    large.close();
    const { width, height } = results[0]!.images[0]!;
    const texts = results.map(({ text }) => text);
    return { sizes, seen: [width, height], texts: [...new Set(texts)] };
  }, SCENE);
  expect(sizes).toHaveLength(8);
  expect(Math.max(...sizes)).toBeLessThan(4e6);
  expect(seen).toEqual([6000, 6000]);
  expect(texts).toEqual([expect.stringContaining("sunflower")]);
});

test("an SVG in an image element is shown to the model, or refused with the true reason", async ({
  kitPage,
}) => {
  const { sizes, errors, asked, html, flat } = await kitPage.evaluate(async (scene) => {
    const { failureOf, fetchBlob, observe, plainPicture } = window.kit;
    const asked: string[] = [];
    const { vlm } = await observe({
      imageLimits: { maxPixels: 1e6 },
      decoders: {
        "image/heic": async (blob) => {
          asked.push("heic", String(blob.size));
          return createImageBitmap(await fetchBlob(scene));
        },
        "image/tiff": () => plainPicture("red", 1200, 1200),
        "image/svg+xml": () => Promise.reject(new Error("secret")),
        "image/psd": () => ({}) as Blob,
      },
    });
    const svg = (attributes: string, content = '<rect width="99" height="99" fill="red"/>') =>
      new Blob([`<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${content}</svg>`], {
        type: "image/svg+xml",
      });
    const show = (blob: Blob): HTMLImageElement => {
      const image = new Image();
      image.src = URL.createObjectURL(blob);
      return image;
    };
    const html =
      '<foreignObject width="9" height="9"><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>';
    const heic = new Blob(["\0\0\0\x18ftypheic\0\0\0\0mif1heic"]);
    const images = {
      sized: show(svg('width="20" height="20"')),
      unsized: show(svg('viewBox="0 0 20 20"')),
      heic,
    };
    const sizes: Record<string, unknown> = {};
    for (const [name, image] of Object.entries(images)) {
      const { images: infos, text } = await vlm.caption(image, { cache: false });
      sizes[name] = [infos[0]!.width, infos[0]!.height, text.includes("red")];
    }
    const wrong = {
      huge: show(svg('width="1e9" height="10"')),
      broken: show(new Blob(["no image"])),
      empty: new Image(),
      failing: svg('width="20" height="10"'),
      large: new Blob(["II*\0"]),
      nothing: new Blob(["8BPS"]),
    };
    const errors: Record<string, unknown> = {};
    for (const [name, image] of Object.entries(wrong)) {
      const { code, details, message } = await failureOf(() => vlm.caption(image));
      errors[name] = { code, details, message };
    }
    // Where a canvas with HTML in it may be read, the model sees it.
    const withHtml = show(svg('width="20" height="10"', html));
    const ofHtml = await vlm.caption(withHtml, { cache: false }).catch((error: unknown) => error);
    const { code, details } = ofHtml as { code?: string; details?: unknown };
    const ofFlat = await vlm
      .caption(show(svg('width="0" height="10"')), { cache: false })
      .then(({ images }) => images[0]!.hints)
      .catch((error: unknown) => ({ ...(error as { code: string; details: unknown }) }));
    return { sizes, errors, asked, html: { code, details }, flat: ofFlat };
  }, SCENE);
  expect(html).toMatchObject(
    otherEngine === "firefox"
      ? { code: undefined }
      : { code: "image-unreadable", details: { reason: "show-only" } },
  );
  expect(sizes).toEqual({
    sized: [20, 20, true],
    unsized: [expect.any(Number), expect.any(Number), true],
    heic: [256, 256, false],
  });
  // For WebKit, what has no width is 300 pixels wide, and nothing is drawn on them.
  expect(flat).toMatchObject(
    otherEngine === "webkit"
      ? [{ code: "transparent" }]
      : { code: "image-unreadable", details: { reason: "empty" } },
  );
  expect(asked).toEqual(["heic", "24"]);
  expect(errors).toMatchObject({
    huge: { code: "image-too-large" },
    broken: { code: "image-unreadable", details: { reason: "decode-failed" } },
    empty: { code: "image-unreadable", details: { reason: "not-ready" } },
    failing: { code: "image-unreadable", details: { reason: "decode-failed" } },
    large: { code: "image-too-large", details: { what: "pixels" } },
    nothing: { code: "image-unreadable", details: { reason: "decode-failed" } },
  });
  expect(JSON.stringify(errors)).not.toContain("secret");
});

test("hints say why an answer may be of little use, also when it is remembered", async ({
  kitPage,
}) => {
  const found = await kitPage.evaluate(async (scene) => {
    const { fetchBlob, observe, plainPicture } = window.kit;
    const { vlm } = await observe();
    const webgl = document.createElement("canvas");
    webgl.getContext("webgl2")?.clear(WebGL2RenderingContext.COLOR_BUFFER_BIT);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const long = new OffscreenCanvas(300, 3000);
    long.getContext("2d")!.drawImage(await createImageBitmap(await fetchBlob(scene)), 0, 0);
    const plain = await plainPicture("teal");
    const images = { scene: await fetchBlob(scene), plain, webgl, long };
    const found: Record<string, unknown> = {};
    for (const [name, image] of Object.entries(images)) {
      found[name] = (await vlm.caption(image)).images[0]!.hints?.map(({ code }) => code);
    }
    // The same file in another Blob is known by its bytes.
    const again = await vlm.caption(new Blob([plain]));
    found["again"] = [again.cached, again.images[0]!.hints?.[0]?.code];
    return found;
  }, SCENE);
  expect(found).toEqual({
    scene: undefined,
    plain: ["nearly-uniform"],
    webgl: ["transparent"],
    long: ["very-long"],
    again: [true, "nearly-uniform"],
  });
});
