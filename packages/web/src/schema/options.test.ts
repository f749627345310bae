/** What an app may give, held to what it must not: a slip of the pen never means the default. */

import { describe, expect, expectTypeOf, it } from "vitest";
import type { GenericSchema, InferOutput } from "valibot";
import type { CacheOptions } from "../api/cache-options.ts";
import type { CaptionOptions, GenerateRequest, OpenOptions } from "../api/calls.ts";
import type { ImageQuestion } from "../api/open-image.ts";
import type { UpdateOptions, VlmOptions } from "../api/vlm.ts";
import type { WatchOptions } from "../api/watch.ts";
import type { ModelChoice } from "../catalog/choose-model.ts";
import { FASTVLM_SIDES as SIDES } from "../families/fastvlm/sides.ts";
import { fastvlm05b, type FastVlm05bOptions } from "../catalog/fastvlm-05b.ts";
import type { ImageLimits } from "../image/limits.ts";
import type { ModelLibraryOptions, PrepareOptions } from "../library/model-library.ts";
import type { PinModelOptions } from "../pins/pin-model.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { DownloadOptions } from "../protocol/storage.ts";
import {
  captionOptions,
  generateRequest,
  imageCaptionOptions,
  imageQuestion,
  openOptions,
  watchOptions,
} from "./call-options.ts";
import { choice, fastVlm05bOptions, pinModelOptions } from "./catalog-options.ts";
import {
  cleared,
  libraryOptions,
  prepareOptions,
  updateOptions,
  vlmOptions,
} from "./client-options.ts";
import { modelDescriptor } from "./descriptor.ts";
import { imageLimits } from "./image-limits.ts";
import { read } from "./read.ts";
import { cacheOptions, downloadOptions } from "./storage-options.ts";

/** Each may stand where the other is expected, and neither has a field that the other lacks. */
type Same<A, B> = [A, B, keyof A] extends [B, A, keyof B]
  ? keyof B extends keyof A
    ? true
    : false
  : false;

type Read<Schema extends GenericSchema> = InferOutput<Schema>;

describe("a schema and the interface that documents it", () => {
  it("say the same", () => {
    expectTypeOf<Same<Read<typeof vlmOptions>, VlmOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof modelDescriptor>, ModelDescriptor>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof updateOptions>, UpdateOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof cacheOptions>, CacheOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof downloadOptions>, DownloadOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof imageLimits>, Partial<ImageLimits>>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof captionOptions>, CaptionOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof generateRequest>, GenerateRequest>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof openOptions>, OpenOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof imageQuestion>, ImageQuestion>>().toEqualTypeOf<true>();
    expectTypeOf<
      Same<Read<typeof imageCaptionOptions>, Omit<CaptionOptions, "mode" | keyof OpenViewOptions>>
    >().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof watchOptions>, WatchOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof libraryOptions>, ModelLibraryOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof prepareOptions>, PrepareOptions>>().toEqualTypeOf<true>();
    expectTypeOf<
      Same<Read<ReturnType<typeof fastVlm05bOptions>>, FastVlm05bOptions>
    >().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof pinModelOptions>, PinModelOptions>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Read<typeof choice>["choices"][number], ModelChoice>>().toEqualTypeOf<true>();
  });
});

type OpenViewOptions = Pick<CaptionOptions, "fit" | "detail" | "targetLatencyMs">;

const worker = (): void => undefined;
const model = fastvlm05b();
const vlm = { worker, model };

/** JSON from an app's source has own fields with such names; a literal has not. */
const json = (text: string): unknown => JSON.parse(text);

describe("options that are refused", () => {
  it.each<[GenericSchema, unknown, string]>([
    [vlmOptions, { ...vlm, network: "None" }, '`network` to be "any" or "none", got "None"'],
    [vlmOptions, { ...vlm, network: ["none"] }, '`network` to be "any" or "none", got ["none"]'],
    [vlmOptions, { ...vlm, network: null }, '`network` to be "any" or "none", got `null` (object)'],
    [
      vlmOptions,
      { ...vlm, network: true },
      '`network` to be "any" or "none", got `true` (boolean)',
    ],
    [
      vlmOptions,
      { ...vlm, Network: "none" },
      "`Network` to be left out (known here: `worker`, `mo",
    ],
    [vlmOptions, { ...vlm, device: "cpu" }, '`device` to be "auto", "webgpu" or "wasm", got "cpu"'],
    [vlmOptions, { ...vlm, optimize: "never" }, '`optimize` to be "auto", "always" or "none", got'],
    [
      vlmOptions,
      { ...vlm, wasmThreads: NaN },
      "`wasmThreads` to be an integer from 0 to 64, got `NaN`",
    ],
    [
      vlmOptions,
      { ...vlm, wasmThreads: "4" },
      '`wasmThreads` to be an integer from 0 to 64, got "4"',
    ],
    [
      vlmOptions,
      { ...vlm, worker: {} },
      "`worker` to be a function that creates a worker, or the address of a prebuilt one, got `[object Object]`",
    ],
    [
      vlmOptions,
      { model },
      "`worker` to be a function that creates a worker, or the address of a prebuilt one, got `undefined` (undefined)",
    ],
    [vlmOptions, { ...vlm, signal: {} }, "`signal` to be an AbortSignal, got"],
    [vlmOptions, { ...vlm, signal: new AbortController() }, "`signal` to be an AbortSignal, got"],
    [vlmOptions, { ...vlm, control: {} }, "`control` to be a DownloadControl, got"],
    [vlmOptions, { ...vlm, onProgress: "log" }, '`onProgress` to be a function, got "log"'],
    [
      vlmOptions,
      { ...vlm, cache: { storage: "Memory" } },
      '`cache.storage` to be "indexed-db" or "memory", got "Memory"',
    ],
    [
      vlmOptions,
      { ...vlm, cache: { storge: "memory" } },
      "`cache.storge` to be left out (known here: `storage`, `name`",
    ],
    [vlmOptions, { ...vlm, cache: ["memory"] }, '`cache` to be an object, got ["memory"]'],
    [
      vlmOptions,
      { ...vlm, cache: new Map([["storage", "memory"]]) },
      "`cache` to be an object, got `[object Map]`",
    ],
    [vlmOptions, { ...vlm, cache: null }, "`cache` to be an object, got `null` (object)"],
    [vlmOptions, { ...vlm, cache: { name: "" } }, '`cache.name` to be a name, got ""'],
    [
      vlmOptions,
      { ...vlm, cache: { maxModelBytes: NaN } },
      "`cache.maxModelBytes` to be a number from 0, got `NaN`",
    ],
    [
      vlmOptions,
      { ...vlm, cache: { askToPersist: "no" } },
      '`cache.askToPersist` to be true or false, got "no"',
    ],
    [
      vlmOptions,
      { ...vlm, download: { parallel: 17 } },
      "`download.parallel` to be an integer from 1 to 16, got `17`",
    ],
    [vlmOptions, { ...vlm, imageLimits: { maxPixel: 1 } }, "`imageLimits.maxPixel` to be left out"],
    [vlmOptions, { ...vlm, imageLimits: { toString: 1 } }, "`imageLimits.toString` to be left out"],
    [
      vlmOptions,
      { ...vlm, cache: json('{"__proto__":{"storage":"memory"}}') },
      "`cache.__proto__` to be left out",
    ],
    [
      vlmOptions,
      { ...vlm, cache: json('{"constructor":"memory"}') },
      "`cache.constructor` to be left out",
    ],
    [
      vlmOptions,
      { ...vlm, cache: Object.create({ storage: "Memory" }) as object },
      "`cache.storage` to be ",
    ],
    [vlmOptions, [vlm], "`options` to be an object, got [`[object Object]`]"],
    [vlmOptions, undefined, "`options` to be an object, got `undefined` (undefined)"],
    [vlmOptions, Promise.resolve(vlm), "`options` to be an object, got `[object Promise]`"],
    [updateOptions, { Signal: null }, "`Signal` to be left out"],
    [libraryOptions, { worker, network: "none" }, "`network` to be left out"],
    [
      prepareOptions,
      { device: "any" },
      '`device` to be "auto", "all", "webgpu" or "wasm", got "any"',
    ],
    [cleared, "result", '`options` to be "results", "models" or "all", got "result"'],
    [captionOptions, { fit: "cover" }, '`fit` to be "pad", "crop" or "stretch", got "cover"'],
    [captionOptions, { detail: "High" }, '`detail` to be "low", "medium", "high", "auto" or a'],
    [captionOptions, { cache: "no" }, '`cache` to be true or false, got "no"'],
    [captionOptions, { cache: 0 }, "`cache` to be true or false, got `0` (number)"],
    [
      captionOptions,
      { preset: "toString" },
      '`preset` to be "brief", "detailed" or "alt-text", got "toString"',
    ],
    [captionOptions, { maxWords: 0 }, "`maxWords` to be an integer from 1 to 4096, got `0`"],
    [captionOptions, { maxword: 9 }, "`maxword` to be left out"],
    [
      captionOptions,
      { timeoutMs: Infinity },
      "`timeoutMs` to be a number from 1 to 2147483647, got `Infinity`",
    ],
    [
      captionOptions,
      { targetLatencyMs: 0 },
      "`targetLatencyMs` to be a number from 1 to 600000, got `0`",
    ],
    [captionOptions, { prompt: "What?" }, "`prompt` to be left out"],
    [generateRequest, { prompt: " " }, '`prompt` to be a string with a question in it, got " "'],
    [generateRequest, {}, "`prompt` to be a string with a question in it, got `undefined`"],
    [generateRequest, { prompt: "a", system: 1 }, "`system` to be a string, got `1` (number)"],
    [
      generateRequest,
      { prompt: "a", history: "b" },
      "`history` to be turns of `user` and `assistant`",
    ],
    [
      generateRequest,
      { prompt: "a", history: [{ role: "user", content: "b" }] },
      "`history` to be turns of `user` and",
    ],
    [
      generateRequest,
      { prompt: "a", history: [{ role: "system", content: "b" }] },
      '`history.0.role` to be "user" or "assistant", got "system"',
    ],
    [
      generateRequest,
      { prompt: "a", history: [{ role: "user", content: 1 }] },
      "`history.0.content` to be a string",
    ],
    [imageQuestion, { detail: "low" }, "`detail` to be left out"],
    [openOptions, { cache: false }, "`cache` to be left out"],
    [watchOptions, { onCaption: {} }, "`onCaption` to be a function, got"],
    [watchOptions, { onCaption: worker, cache: true }, "`cache` to be left out"],
    [
      watchOptions,
      { onCaption: worker, changeThreshold: 2 },
      "`changeThreshold` to be a number from 0 to 1, got `2`",
    ],
    [fastVlm05bOptions(SIDES), { pin: {} }, "`pin` to be left out"],
    [fastVlm05bOptions(SIDES), { pins: null }, "`pins` to be an object, got `null` (object)"],
    [pinModelOptions, { files: [] }, "`files` to be paths in the repository, got []"],
  ])("%# says which, what is allowed and what was given", (schema, given, sentence) => {
    expect(() => read(schema, given, "options")).toThrow(TypeError);
    expect(() => read(schema, given, "options")).toThrow(`Expected ${sentence}`);
  });

  it("shows nothing of what users write, nor of long values", () => {
    const messageOf = (schema: typeof generateRequest | typeof vlmOptions, given: object) => {
      try {
        read(schema, given, "options");
      } catch (error) {
        return (error as Error).message;
      }
      return "none";
    };
    const asked = { prompt: "What?" };
    expect(messageOf(generateRequest, { ...asked, history: ["secret"] })).toContain(
      "got a text of 6 characters",
    );
    expect(messageOf(generateRequest, { ...asked, system: ["secret"] })).not.toContain("secret");
    expect(messageOf(generateRequest, { ...asked, question: "a secret" })).not.toContain("secret");
    expect(messageOf(vlmOptions, { ...vlm, device: `secret${"x".repeat(20)}` })).not.toContain(
      "secret",
    );
  });

  it("names a field that cannot be read, and has the reason as its cause", () => {
    const failure = new Error("not now");
    const broken = {
      get storage(): string {
        throw failure;
      },
    };
    const reading = (): unknown => read(vlmOptions, { ...vlm, cache: broken }, "options");
    expect(reading).toThrow("Expected `cache.storage` to be readable, got an error (Error)");
    expect(reading).toThrow(expect.objectContaining({ name: "TypeError", cause: failure }));
    const proxy = new Proxy({}, { ownKeys: () => { throw failure; } }); // prettier-ignore
    expect(() => read(cacheOptions, proxy, "options")).toThrow(
      /^Expected `options` to be readable/,
    );
  });

  it("shows of what was given no more than a line", () => {
    const long = { ...vlm, network: "n".repeat(10_000) };
    expect(() => read(vlmOptions, long, "options")).toThrow(/^.{1,200}$/);
  });
});

describe("options that are taken", () => {
  it("are copied once: what was checked is what is used", () => {
    let reads = 0;
    const turning = {
      get storage(): string {
        return reads++ === 0 ? "memory" : "nonsense";
      },
    };
    expect(read(cacheOptions, turning, "options")).toEqual({ storage: "memory" });
    expect(reads).toBe(1);
  });

  it("may be undefined, which is left out, but for a limit", () => {
    const given = { storage: undefined, name: "app" };
    expect(Object.keys(read(cacheOptions, given, "options"))).toEqual(["name"]);
    expect(() => read(imageLimits, { maxBytes: undefined }, "options")).toThrow(
      "Expected `maxBytes` to be a positive number, got `undefined` (undefined)",
    );
  });

  it("may come from an object of a class, and from one without a prototype", () => {
    class Settings {
      readonly #storage = "memory";
      get storage(): string {
        return this.#storage;
      }
    }
    expect(read(cacheOptions, new Settings(), "options")).toEqual({ storage: "memory" });
    const bare = Object.assign(Object.create(null) as object, { storage: "memory" });
    expect(read(cacheOptions, bare, "options")).toEqual({ storage: "memory" });
    expect(read(cacheOptions, Object.create({ storage: "memory" }), "options")).toEqual({
      storage: "memory",
    });
  });

  it("keep what belongs to the page as it is", () => {
    const { signal } = new AbortController();
    const image = new Blob();
    const request = read(generateRequest, { prompt: "a", signal, image }, "request");
    expect([request.signal, request.image]).toEqual([signal, image]);
    expect(request.image).toBe(image);
  });

  it("take a limit of Infinity, and turns of a chat with more in them", () => {
    expect(read(imageLimits, { maxPixels: Infinity }, "options")).toEqual({ maxPixels: Infinity });
    const history = [
      { role: "user", content: "a", id: 1 },
      { role: "assistant", content: "" },
    ];
    expect(read(generateRequest, { prompt: "b", history }, "request").history).toEqual([
      { role: "user", content: "a" },
      { role: "assistant", content: "" },
    ]);
  });

  it("ignore what a page's script added to all objects", () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>;
    prototype["storage"] = "nonsense";
    prototype["each"] = () => undefined;
    try {
      expect(read(cacheOptions, { name: "app" }, "options")).toEqual({ name: "app" });
    } finally {
      delete prototype["storage"];
      delete prototype["each"];
    }
  });
});
