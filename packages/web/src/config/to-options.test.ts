import { describe, expect, expectTypeOf, it } from "vitest";
import type { GenericSchema } from "valibot";
import type { CaptionOptions, GenerateRequest, OpenOptions } from "../api/calls.ts";
import type { ChoiceOptions } from "../api/choices.ts";
import type { VlmOptions } from "../api/vlm.ts";
import type { WatchOptions } from "../api/watch.ts";
import type { ModelLibraryOptions } from "../library/model-library.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import {
  captionOptions,
  choiceOptions,
  generateRequest,
  imageCaptionOptions,
  imageQuestion,
  openOptions,
  watchOptions,
} from "../schema/call-options.ts";
import { libraryOptions, vlmOptions } from "../schema/client-options.ts";
import { read } from "../schema/read.ts";
import { FULL_CONFIG as full } from "./fixtures/full-config.ts";
import { toCallOptions, toLibraryOptions, toVlmOptions } from "./to-options.ts";
import type { ConfiguredCall, ConfiguredOptions } from "./vlm-config.ts";

const worker = (): never => {
  throw new Error("No worker is started here.");
};

/** What JSON cannot hold, and the model, which code chooses. */
type InCode =
  | "worker"
  | "model"
  | "signal"
  | "control"
  | "decoders"
  | "onProgress"
  | "onMetric"
  | "onEvent"
  | "onCaption"
  | "onError"
  // What belongs to one question.
  | "prompt"
  | "image"
  | "system"
  | "history"
  | "format"
  | "answerStart"
  // Nodes have functions, and what leaves the device is decided in code.
  | "remote"
  | "mode";

type InJson<Options> = Exclude<keyof Options, InCode>;

describe("options of createVlm and createModelLibrary", () => {
  it("are all there, under their names, and are taken", () => {
    const options = toVlmOptions(full);
    expect(options).toEqual({
      ...full.inference,
      imageLimits: full.images,
      cache: full.cache,
      download: full.download,
      network: "none",
      debug: true,
    });
    const given = { ...options, worker, model: fastvlm05b() };
    expect(read(vlmOptions, given, "options")).toEqual(given);
    const ofLibrary = { ...toLibraryOptions(full), worker };
    expect(read(libraryOptions, ofLibrary, "options")).toEqual(ofLibrary);
  });

  it("have a field for each option that JSON can hold: a new one must not be forgotten", () => {
    expectTypeOf<keyof ReturnType<typeof toVlmOptions>>().toEqualTypeOf<InJson<VlmOptions>>();
    expectTypeOf<keyof ReturnType<typeof toLibraryOptions>>().toEqualTypeOf<
      InJson<ModelLibraryOptions>
    >();
  });

  it("leave to the defaults what is left out", () => {
    expect(toVlmOptions({})).toEqual({});
    expect(toLibraryOptions({ debug: false })).toEqual({ debug: false });
  });
});

const SCHEMAS: Record<ConfiguredCall, GenericSchema> = {
  generate: generateRequest,
  caption: captionOptions,
  choose: choiceOptions,
  watch: watchOptions,
  open: openOptions,
  "image.ask": imageQuestion,
  "image.caption": imageCaptionOptions,
};

/** What a method needs besides. */
const NEEDED: Partial<Record<ConfiguredCall, object>> = {
  generate: { prompt: "What is it?" },
  watch: { onCaption: worker },
};

describe("options of a call", () => {
  it.each(Object.keys(SCHEMAS) as ConfiguredCall[])(
    "of %s are those of the configuration that it takes, and no others",
    (call) => {
      const options = toCallOptions(full, call);
      const all = { ...full.calls, ...full.watch };
      const taken = Object.entries(all).filter(([name, value]) => {
        try {
          read(SCHEMAS[call], { ...NEEDED[call], [name]: value }, "options");
          return true;
        } catch {
          return false;
        }
      });
      expect(options).toEqual(Object.fromEntries(taken));
    },
  );

  it("have a field for each option that JSON can hold: a new one must not be forgotten", () => {
    type Names<Call extends ConfiguredCall> = keyof ConfiguredOptions[Call];
    expectTypeOf<Names<"generate">>().toEqualTypeOf<InJson<GenerateRequest>>();
    expectTypeOf<Names<"caption">>().toEqualTypeOf<InJson<CaptionOptions>>();
    expectTypeOf<Names<"choose">>().toEqualTypeOf<InJson<ChoiceOptions>>();
    expectTypeOf<Names<"watch">>().toEqualTypeOf<InJson<WatchOptions>>();
    expectTypeOf<Names<"open">>().toEqualTypeOf<InJson<OpenOptions>>();
  });

  it("leave to the defaults what is left out", () => {
    expect(toCallOptions({}, "watch")).toEqual({});
  });
});
