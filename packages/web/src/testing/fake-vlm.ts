/** A client for tests without a browser: the real one, on a fake worker, with images that nobody reads. */

import type { CaptionOptions, GenerateRequest, OpenOptions } from "../api/calls.ts";
import type {
  CaptionManyOptions,
  CaptionOutcome,
  KeyedImage,
  ManyImages,
} from "../api/caption-many.ts";
import type { Check, Choice, ChoiceOptions, Score, ScoreOptions } from "../api/choices.ts";
import type { ImageSource } from "../api/image-source.ts";
import type { OpenImage } from "../api/open-image.ts";
import type { HealthOptions, UpdateOptions, Vlm, VlmOptions } from "../api/vlm.ts";
import type { VideoSource, Watch, WatchOptions } from "../api/watch.ts";
import { createVlmHere } from "../client/create-vlm.ts";
import type { HealthReport } from "../protocol/health.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { FallbackInfo, GenerateEvent, ModelInfo, VlmResult } from "../protocol/result.ts";
import type { ScalingStatus } from "../protocol/scaling.ts";
import type { VlmStats } from "../protocol/stats.ts";
import { watchOptions } from "../schema/call-options.ts";
import { read } from "../schema/read.ts";
import { ASYNC_DISPOSE } from "../shared/dispose-symbols.ts";
import { watchFrames, type Asked } from "../watch/watch.ts";
import { FakeFrames } from "./fake-frames.ts";
import { fakeModel } from "./fake-model.ts";
import { createScriptedWorker, type FakeControls } from "./fake-worker.ts";
import type { FakeScript } from "./script.ts";
import { StandIns } from "./stand-ins.ts";

/** Options of {@link createFakeVlm}: those of `createVlm`, with a fake model and the device `wasm` by default. */
export type FakeVlmOptions = Partial<Omit<VlmOptions, "worker" | "share" | "decoders">>;

/** What a test lets happen to a fake client. */
export interface FakeVlmControls extends FakeControls {
  /** The video that is watched shows another frame, which differs from the one before. */
  showFrame(): void;
}

/** A client whose answers a test has written. */
export interface FakeVlm extends Vlm {
  readonly fake: FakeVlmControls;
}

/**
 * Resolves to a client for tests, without a browser, a model, a thread or a network. Its queue, deadlines, restarts, events
 * and errors are those of the real client, whose code it is. Images are taken as they are and never read: `image` of the
 * script says what is found in them. Dispose of it after each test.
 *
 * @throws what `createVlm` throws, where the script says so
 * @example
 * const vlm = await createFakeVlm({ captions: { "alt-text": "A cat on a mat." } });
 * render(<Photo vlm={vlm} file={file} />);
 */
export async function createFakeVlm(
  script: FakeScript = {},
  options: FakeVlmOptions = {},
): Promise<FakeVlm> {
  assertChannels();
  const images = new StandIns();
  const { worker, ...controls } = createScriptedWorker(script, { imageOf: images.imageOf });
  const vlm = await createVlmHere({
    model: fakeModel(),
    device: "wasm",
    ...options,
    // Marks of crashes in `localStorage` would outlive the test.
    cache: { storage: "memory", ...options.cache },
    worker,
  });
  return new FakeClient(vlm, images, controls);
}

/** jsdom has no `MessageChannel`. Vitest leaves Node's in its place; Jest does not. */
function assertChannels(): void {
  if (typeof MessageChannel !== "undefined") return;
  throw new Error(
    "A fake client needs a `MessageChannel`, which this environment lacks. With jsdom in Jest, put Node's in its place in a " +
      "file of `setupFiles`: `globalThis.MessageChannel = require('node:worker_threads').MessageChannel`.",
  );
}

/** Puts stand-ins in the place of images. */
class FakeClient implements FakeVlm {
  readonly fake: FakeVlmControls;
  readonly #vlm: Vlm;
  readonly #images: StandIns;
  readonly #frames = new FakeFrames();
  readonly #disposing = new AbortController();
  /** Answers questions about frames, which are images of a video. */
  readonly #asked: Asked = {
    caption: (frame, options) =>
      this.#vlm.caption(this.#images.standInForFrame(frame), { ...options, mode: "device-only" }),
    generate: ({ image, ...request }) =>
      this.#vlm.generate({
        ...request,
        image: this.#images.standInForFrame(image as ImageSource),
        mode: "device-only",
      }),
  };

  constructor(vlm: Vlm, images: StandIns, controls: FakeControls) {
    this.#vlm = vlm;
    this.#images = images;
    this.fake = {
      ...controls,
      showFrame: () => {
        this.#frames.show();
      },
    };
  }

  get model(): ModelInfo {
    return this.#vlm.model;
  }

  get device(): Device | "remote" {
    return this.#vlm.device;
  }

  get fallback(): FallbackInfo | undefined {
    return this.#vlm.fallback;
  }

  caption(image: ImageSource, options?: CaptionOptions): Promise<VlmResult> {
    return this.#vlm.caption(this.#images.standInFor(image), options);
  }

  generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined> {
    return this.#vlm.generate(this.#withStandIns(request));
  }

  choose<const Option extends string>(
    image: ImageSource,
    question: string,
    options: readonly Option[],
    callOptions?: ChoiceOptions,
  ): Promise<Choice<Option>> {
    return this.#vlm.choose(this.#images.standInFor(image), question, options, callOptions);
  }

  check(image: ImageSource, statement: string, options?: ChoiceOptions): Promise<Check> {
    return this.#vlm.check(this.#images.standInFor(image), statement, options);
  }

  score(image: ImageSource, question: string, options?: ScoreOptions): Promise<Score> {
    return this.#vlm.score(this.#images.standInFor(image), question, options);
  }

  open(image: ImageSource, options?: OpenOptions): Promise<OpenImage> {
    return this.#vlm.open(this.#images.standInFor(image), options);
  }

  captionMany(
    images: ManyImages,
    options?: CaptionManyOptions,
  ): AsyncGenerator<CaptionOutcome, void, undefined> {
    return this.#vlm.captionMany(this.#manyStandIns(images), options);
  }

  watch(video: VideoSource, options: WatchOptions): Watch {
    const checked: WatchOptions = read(watchOptions, options, "options");
    return watchFrames(this.#asked, this.#frames.sourceOf(video), checked, this.#disposing.signal);
  }

  health(options?: HealthOptions): Promise<HealthReport> {
    return this.#vlm.health(options);
  }

  stats(): VlmStats {
    return this.#vlm.stats();
  }

  scalingStatus(): ScalingStatus | undefined {
    return this.#vlm.scalingStatus();
  }

  clearCache(what?: "results" | "models" | "all"): Promise<void> {
    return this.#vlm.clearCache(what);
  }

  updateModel(model: ModelDescriptor, options?: UpdateOptions): Promise<ModelInfo> {
    return this.#vlm.updateModel(model, options);
  }

  rollBack(options?: UpdateOptions): Promise<ModelInfo> {
    return this.#vlm.rollBack(options);
  }

  async dispose(): Promise<void> {
    await this.#vlm.dispose();
    // What the client says of itself from now on.
    await this.#vlm.open(new Blob()).catch((error: unknown) => {
      this.#disposing.abort(error);
    });
  }

  [ASYNC_DISPOSE](): Promise<void> {
    return this.dispose();
  }

  /** Anything but a request with images goes to the client as it is. */
  #withStandIns(request: GenerateRequest): GenerateRequest {
    const image = (request as Partial<GenerateRequest> | undefined)?.image;
    if (image === undefined) return request;
    const standIn = Array.isArray(image)
      ? (image as readonly ImageSource[]).map((one) => this.#images.standInFor(one))
      : this.#images.standInFor(image as ImageSource);
    return { ...request, image: standIn };
  }

  #manyStandIns(images: ManyImages): ManyImages {
    const standIn = (one: ImageSource | KeyedImage): ImageSource | KeyedImage =>
      isKeyed(one)
        ? { ...one, image: this.#images.standInFor(one.image) }
        : this.#images.standInFor(one);
    if (Array.isArray(images)) return (images as (ImageSource | KeyedImage)[]).map(standIn);
    if (!isIterable(images)) return images;
    return (async function* () {
      for await (const one of images) yield standIn(one);
    })();
  }
}

function isKeyed(image: ImageSource | KeyedImage): image is KeyedImage {
  return typeof image === "object" && "image" in image && "key" in image;
}

function isIterable(images: ManyImages): boolean {
  return (
    typeof images === "object" && (Symbol.iterator in images || Symbol.asyncIterator in images)
  );
}
