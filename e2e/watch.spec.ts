/** A video is watched: what it shows is asked about when it changed, and only while somebody can see it. */

import type { Page } from "@playwright/test";
import type { WatchOptions, WatchResult } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, notIn, openKit, readScenes, test } from "./fixtures.ts";

const [snail, , , lollipop] = readScenes();
const SNAIL = { file: snail!.file, caption: snail!.questions["caption"]!.answer };
const LOLLIPOP = { file: lollipop!.file, caption: lollipop!.questions["caption"]!.answer };

/** Longer than from one question to the next. */
const A_WHILE_MS = 2500;

/** A canvas that a video shows, and what a watch of it asked and got. */
async function setUp(page: Page, first = SNAIL) {
  const stage = await page.evaluateHandle(async () => {
    const { vlm, workers } = await window.kit.observe();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 256;
    const context = canvas.getContext("2d")!;
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = canvas.captureStream();
    document.body.append(video);

    const seen = { questions: 0, captions: [] as WatchResult[], errors: [] as string[] };
    const caption = vlm.caption.bind(vlm);
    vlm.caption = (...question) => {
      seen.questions += 1;
      return caption(...question);
    };
    const show = async (file: string): Promise<void> => {
      const image = new Image();
      image.src = `/scenes/${file}`;
      await image.decode();
      context.drawImage(image, 0, 0, 256, 256);
    };
    const watch = (
      options: Partial<WatchOptions> = {},
      source: HTMLCanvasElement | HTMLVideoElement = video,
    ) =>
      vlm.watch(source, {
        onCaption: (result) => seen.captions.push(result),
        onError: (error) => seen.errors.push(error.code),
        ...options,
      });
    return { vlm, workers, canvas, context, video, seen, show, watch };
  });
  await stage.evaluate(async ({ show, video }, file) => {
    await show(file);
    await video.play();
  }, first.file);
  return stage;
}

type Stage = Awaited<ReturnType<typeof setUp>>;

const questionsOf = (stage: Stage) => stage.evaluate(({ seen }) => seen.questions);

const captionsOf = (stage: Stage) =>
  stage.evaluate(({ seen }) => seen.captions.map(({ text }) => text));

test("captions what a video shows, once, and again when it shows something else", async ({
  kitPage,
}) => {
  const stage = await setUp(kitPage);
  await stage.evaluate(({ watch }) => void watch());
  await expect.poll(() => captionsOf(stage)).toEqual([SNAIL.caption]);
  await kitPage.waitForTimeout(A_WHILE_MS);
  expect(await questionsOf(stage)).toBe(1);
  // One frame, and none after it.
  await stage.evaluate(({ show }, file) => show(file), LOLLIPOP.file);
  await expect.poll(() => captionsOf(stage)).toEqual([SNAIL.caption, LOLLIPOP.caption]);
  const { seen, now } = await stage.evaluate(({ seen, video }) => ({
    seen,
    now: video.currentTime,
  }));
  const [one, other] = seen.captions.map(({ mediaTime }) => mediaTime!);
  expect(other).toBeGreaterThan(one! + 2);
  expect(other).toBeLessThanOrEqual(now);
  expect(seen.captions.map(({ cached }) => cached)).toEqual([false, false]);
  expect(seen.errors).toEqual([]);
});

const LOSES_FRAMES =
  "WebKitGTK's `captureStream` does not show the last of several frames that are drawn at once.";

test(
  "asks about the newest frame when several came during an answer",
  notIn("webkit", LOSES_FRAMES, EXHAUSTIVE_TAG),
  async ({ kitPage }) => {
    const stage = await setUp(kitPage);
    await stage.evaluate(
      async ({ watch, show, seen }, files) => {
        watch();
        while (seen.questions === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        for (const file of files) await show(file);
      },
      ["scene-02.png", "scene-03.png", LOLLIPOP.file],
    );
    await expect.poll(() => captionsOf(stage)).toEqual([SNAIL.caption, LOLLIPOP.caption]);
    expect(await questionsOf(stage)).toBe(2);
  },
);

const STANDS_STILL =
  "WebKitGTK's `captureStream` stands still while a canvas is drawn all the time.";

for (const source of ["video", "canvas"] as const) {
  const title = `does not ask again for the noise of a camera, and does for a small thing that moves: ${source}`;
  test(title, source === "video" ? notIn("webkit", STANDS_STILL) : {}, async ({ kitPage }) => {
    const stage = await setUp(kitPage);
    await drawNoise(stage, source);
    await expect.poll(() => captionsOf(stage)).toHaveLength(1);
    await kitPage.waitForTimeout(A_WHILE_MS);
    expect(await questionsOf(stage)).toBe(1);
    await stage.evaluate(({ canvas }) => void (canvas.title = "with a thing"));
    await expect.poll(() => captionsOf(stage)).toHaveLength(2);
  });
}

/** Draws the scene with noise, and with a small thing as soon as the canvas has a title, and watches it. */
async function drawNoise(stage: Stage, source: "video" | "canvas"): Promise<void> {
  await stage.evaluate(({ watch, canvas, context, video }, source) => {
    const scene = context.getImageData(0, 0, 256, 256);
    let frame = 0;
    const draw = (): void => {
      const noisy = new ImageData(scene.data.slice(), 256);
      // Noise of each pixel, and light that flickers.
      const light = (frame % 2) * 4;
      frame += 1;
      for (let at = 0; at < noisy.data.length; at += 1) {
        if (at % 4 !== 3) noisy.data[at]! += (Math.random() - 0.5) * 40 + light;
      }
      context.putImageData(noisy, 0, 0);
      if (canvas.title !== "") {
        context.fillStyle = "blue";
        context.fillRect(200, 20, 26, 26);
      }
      setTimeout(draw, 50);
    };
    draw();
    watch({}, source === "video" ? video : canvas);
  }, source);
}

test("asks nothing while the page is hidden, and goes on with what is shown then", async ({
  launchProfile,
  server,
}) => {
  // Pages of Playwright's own browser are never hidden.
  const { context } = await launchProfile();
  const page = await context.newPage();
  await openKit(page, server);
  const stage = await setUp(page);
  // A video would also tell by its own events that it goes on.
  await stage.evaluate(({ watch, canvas }) => void watch({}, canvas));
  await expect.poll(() => captionsOf(stage)).toEqual([SNAIL.caption]);
  const otherTab = await context.newPage();
  await otherTab.bringToFront();
  await page.waitForFunction(() => document.visibilityState === "hidden", null, { polling: 100 });
  await stage.evaluate(({ show }, file) => show(file), LOLLIPOP.file);
  await page.waitForTimeout(A_WHILE_MS);
  expect(await questionsOf(stage)).toBe(1);
  await page.bringToFront();
  await expect.poll(() => captionsOf(stage)).toEqual([SNAIL.caption, LOLLIPOP.caption]);
});

test(
  "asks nothing before a video plays, while it is paused and after its end",
  notIn("webkit", "It records a video, and WebKitGTK 2.50 has no MediaRecorder."),
  async ({ kitPage }) => {
    const stage = await setUp(kitPage);
    /** Whether there are more questions when every frame is worth one. */
    const asksMore = async (): Promise<boolean> => {
      await expect
        .poll(() => stage.evaluate(({ seen }) => seen.captions.length - seen.questions))
        .toBe(0);
      const before = await questionsOf(stage);
      await kitPage.waitForTimeout(A_WHILE_MS);
      return (await questionsOf(stage)) > before;
    };
    await stage.evaluate(async ({ canvas, video, watch }) => {
      video.srcObject = null;
      video.src = await recordOneSecondOf(canvas);
      watch({ changeThreshold: 0 });

      async function recordOneSecondOf(canvas: HTMLCanvasElement): Promise<string> {
        const recorder = new MediaRecorder(canvas.captureStream());
        const parts: Blob[] = [];
        recorder.ondataavailable = ({ data }) => parts.push(data);
        recorder.start();
        const stopped = new Promise((resolve) => (recorder.onstop = resolve));
        const context = canvas.getContext("2d")!;
        for (let frame = 0; frame < 20; frame += 1) {
          context.fillRect(frame, 0, 1, 1);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        recorder.stop();
        await stopped;
        return URL.createObjectURL(new Blob(parts));
      }
    });
    expect(await asksMore()).toBe(false);
    await stage.evaluate(async ({ video }) => {
      video.loop = true;
      await video.play();
    });
    await expect.poll(() => questionsOf(stage)).toBeGreaterThan(1);
    await stage.evaluate(({ video }) => {
      video.pause();
    });
    expect(await asksMore()).toBe(false);
    const atPause = await questionsOf(stage);
    await stage.evaluate(({ video }) => video.play());
    await expect.poll(() => questionsOf(stage)).toBeGreaterThan(atPause);
    await stage.evaluate(async ({ video }) => {
      video.loop = false;
      await new Promise((resolve) => (video.onended = resolve));
    });
    expect(await asksMore()).toBe(false);
    const atEnd = await questionsOf(stage);
    await stage.evaluate(({ video }) => {
      video.loop = true; // So that there is a frame for a machine that comes late to it.
      return video.play();
    });
    await expect.poll(() => questionsOf(stage)).toBeGreaterThan(atEnd);
    expect(new Set(await captionsOf(stage))).toEqual(new Set([SNAIL.caption]));
  },
);

const ADDS_NO_TRACK = "A video of WebKitGTK shows no track that comes after it began to play.";

test(
  "waits for a video that plays and has nothing to show yet",
  notIn("webkit", ADDS_NO_TRACK, EXHAUSTIVE_TAG),
  async ({ kitPage }) => {
    const stage = await setUp(kitPage);
    await stage.evaluate(({ watch, video }) => {
      video.srcObject = new MediaStream();
      void video.play();
      watch();
    });
    await kitPage.waitForTimeout(A_WHILE_MS);
    const { paused, questions } = await stage.evaluate(({ video, seen }) => ({
      paused: video.paused,
      questions: seen.questions,
    }));
    expect({ paused, questions }).toEqual({ paused: false, questions: 0 });
    await stage.evaluate(async ({ video, canvas, show }, file) => {
      const [track] = canvas.captureStream().getVideoTracks();
      (video.srcObject as MediaStream).addTrack(track!);
      await show(file);
    }, LOLLIPOP.file);
    await expect.poll(() => captionsOf(stage)).toEqual([LOLLIPOP.caption]);
  },
);

test("stop() ends the question in flight and leaves nothing behind", async ({ kitPage }) => {
  const stage = await setUp(kitPage);
  const found = await stage.evaluate(async ({ watch, seen, video, vlm, canvas }) => {
    let left = 0;
    for (const target of [document, video]) {
      type Change = (
        type: string,
        listener: EventListener,
        options?: AddEventListenerOptions,
      ) => void;
      const add = target.addEventListener.bind(target) as Change;
      const remove = target.removeEventListener.bind(target) as Change;
      const count: Change = (type, listener, options) => {
        left += 1;
        options?.signal?.addEventListener("abort", () => (left -= 1));
        add(type, listener, options);
      };
      target.addEventListener = count as typeof target.addEventListener;
      target.removeEventListener = (type: string, listener: EventListener) => {
        left -= 1;
        remove(type, listener);
      };
    }
    const frames = new Set<number>();
    const request = video.requestVideoFrameCallback.bind(video);
    const cancel = video.cancelVideoFrameCallback.bind(video);
    video.requestVideoFrameCallback = (callback) => {
      const frame = request((...args) => {
        frames.delete(frame);
        callback(...args);
      });
      frames.add(frame);
      return frame;
    };
    video.cancelVideoFrameCallback = (frame) => {
      frames.delete(frame);
      cancel(frame);
    };
    const until = async (isTrue: () => boolean): Promise<void> => {
      while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const stopAndCount = async (running: ReturnType<typeof watch>) => {
      const before = { listeners: left, frames: frames.size };
      const startedAt = performance.now();
      running.stop();
      await running.done;
      return {
        before,
        milliseconds: performance.now() - startedAt,
        after: { listeners: left, frames: frames.size },
      };
    };

    const asking = watch();
    await until(() => seen.questions === 1);
    const inFlight = await stopAndCount(asking);

    const looking = watch();
    await until(() => seen.captions.length === 1 && frames.size === 1);
    const betweenFrames = await stopAndCount(looking);

    video.pause();
    const waiting = watch();
    await until(() => left > 0);
    const paused = await stopAndCount(waiting);

    const { text } = await vlm.caption(canvas);
    return { inFlight, betweenFrames, paused, text, ...seen };
  });
  const nothing = { listeners: 0, frames: 0 };
  expect(found.inFlight.after).toEqual(nothing);
  expect(found.inFlight.milliseconds).toBeLessThan(1000);
  expect(found.betweenFrames.before).toEqual({ listeners: 0, frames: 1 });
  expect(found.betweenFrames.after).toEqual(nothing);
  expect(found.paused.before.listeners).toBeGreaterThan(1);
  expect(found.paused.after).toEqual(nothing);
  expect(found.captions).toHaveLength(1);
  expect(found.errors).toEqual([]);
  expect(found.text).toBe(SNAIL.caption);
});

test("answers a prompt about a canvas", { tag: EXHAUSTIVE_TAG }, async ({ kitPage }) => {
  const stage = await setUp(kitPage);
  const { prompt, answer } = snail!.questions["background"]!;
  await stage.evaluate(({ watch, canvas }, prompt) => void watch({ prompt }, canvas), prompt);
  await expect.poll(() => captionsOf(stage)).toEqual([answer]);
  await stage.evaluate(({ show }, file) => show(file), LOLLIPOP.file);
  await expect
    .poll(() => captionsOf(stage))
    .toEqual([answer, lollipop!.questions["background"]!.answer]);
  expect(await stage.evaluate(({ seen }) => seen.captions[0]!.mediaTime)).toBeUndefined();
  await stage.evaluate(({ context }) => {
    context.clearRect(0, 0, 256, 256);
  });
  await expect.poll(() => captionsOf(stage)).toHaveLength(3);
});

test("goes on after the worker died", { tag: EXHAUSTIVE_TAG }, async ({ kitPage }) => {
  const stage = await setUp(kitPage);
  await stage.evaluate(async ({ watch, seen, workers }) => {
    watch();
    while (seen.questions === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    workers[0]!.terminate();
  });
  await expect.poll(() => captionsOf(stage)).toEqual([SNAIL.caption]);
  expect(await stage.evaluate(({ seen }) => seen.errors)).toEqual(["worker-crashed"]);
});

test("ends, and says why, when no frame will ever do", async ({ kitPage, server }) => {
  const stage = await setUp(kitPage);
  const found = await stage.evaluate(async ({ watch, vlm }, origin) => {
    const { failureOf } = window.kit;
    const image = new Image();
    image.src = `${origin.replace("localhost", "127.0.0.1")}/no-cors/scene-01.png`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.getContext("2d")!.drawImage(image, 0, 0);
    const tainted = await failureOf(() => watch({}, canvas).done);

    const wrong = await failureOf(() => watch({}, document.body as HTMLVideoElement).done);
    const waiting = watch();
    const ended = failureOf(() => waiting.done);
    await vlm.dispose();
    return { tainted, wrong, disposed: await ended };
  }, server.origin);
  expect(found.tainted).toMatchObject({
    code: "image-unreadable",
    details: { reason: "cross-origin" },
  });
  expect(found.wrong).toMatchObject({
    name: "TypeError",
    message: "Expected `video` to be a video or canvas element, got `[object HTMLBodyElement]`",
  });
  expect(found.disposed).toMatchObject({ name: "InvalidStateError" });
});
