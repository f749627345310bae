/** What an app may say of a call: of its question, of its images, and of the watch that repeats it. */

import { any, check, pipe, union } from "valibot";
import { NODE_MODES } from "../protocol/remote.ts";
import { detail } from "./detail.ts";
import { fields, listOf, maybe } from "./fields.ts";
import { isObject } from "./is-object.ts";
import {
  callback,
  flag,
  integerFrom,
  listThat,
  numberFrom,
  oneOf,
  signal,
  that,
} from "./values.ts";

export const generationEntries = {
  maxNewTokens: maybe(integerFrom(1, 8192)),
  temperature: maybe(numberFrom(0, 10)),
  topP: maybe(numberFrom(Number.MIN_VALUE, 1)),
  topK: maybe(integerFrom(0, Number.MAX_SAFE_INTEGER)),
  repetitionPenalty: maybe(numberFrom(Number.MIN_VALUE, 100)),
  seed: maybe(integerFrom(0, Number.MAX_SAFE_INTEGER)),
  stop: maybe(
    listThat<string>(
      (one) => typeof one === "string" && one !== "",
      "an array of non-empty strings",
    ),
  ),
};

const maxWords = maybe(integerFrom(1, 4096));

export const timeoutMs = maybe(numberFrom(1, 2 ** 31 - 1));

const waitEntries = { signal: maybe(signal), timeoutMs };

export const priority = maybe(oneOf(["interactive", "background"]));

export const viewEntries = {
  fit: maybe(oneOf(["pad", "crop", "stretch"])),
  detail: maybe(detail),
  targetLatencyMs: maybe(numberFrom(1, 600_000)),
};

export const cache = maybe(flag);

/** An app may keep more of a turn than the model is told. */
const turn = fields(
  {
    role: oneOf(["user", "assistant"]),
    content: that<string>((value) => typeof value === "string", "a string"),
  },
  "dropped",
);

const TURNS = "turns of `user` and `assistant`, in this order, each with its `content`";

const history = maybe(
  pipe(
    listOf(turn, TURNS),
    check(
      (turns) =>
        turns.length % 2 === 0 &&
        turns.every(({ role }, index) => role === (index % 2 === 0 ? "user" : "assistant")),
      TURNS,
    ),
  ),
);

export const promptText = that<string>(
  (value) => typeof value === "string" && value.trim() !== "",
  "a string with a question in it",
);

const questionEntries = {
  system: maybe(that<string>((value) => typeof value === "string", "a string")),
  history,
};

const FORMAT = "one of { regex }, { options } and { schema }";

const MOST_FORMAT_OPTIONS = 1000;

const format = maybe(
  union(
    [
      fields({
        regex: that<string | RegExp>(
          (value) =>
            typeof value === "string" ||
            (value instanceof RegExp && /^[igsu]*$/.test(value.flags.replace(/[dy]/g, ""))),
          "a regular expression, or the source of one, with no other flag than `i`",
        ),
      }),
      fields({
        options: pipe(
          listThat<string>((one) => typeof one === "string" && one.trim() !== "", "texts", 1),
          check((options) => options.length <= MOST_FORMAT_OPTIONS, "at most 1000 texts"),
        ),
      }),
      fields({ schema: that<Record<string, unknown>>(isObject, "an object") }),
    ],
    FORMAT,
  ),
);

export const captionEntries = {
  preset: maybe(oneOf(["brief", "detailed", "alt-text"])),
  maxWords,
};

const mode = maybe(oneOf(NODE_MODES));

const callEntries = { ...generationEntries, ...waitEntries, ...viewEntries, cache, priority };

/** The images themselves are checked when they are taken. */
const image = any();

const WITHOUT_STOP = "`format` without `stop`";

export const generateRequest = pipe(
  fields({
    ...callEntries,
    ...questionEntries,
    format,
    mode,
    prompt: promptText,
    image: maybe(image),
  }),
  check(({ format, stop }) => format === undefined || stop === undefined, WITHOUT_STOP),
);

export const captionOptions = fields({ ...callEntries, ...captionEntries, mode });

export const captionManyOptions = fields({
  ...callEntries,
  ...captionEntries,
  mode,
  order: maybe(oneOf(["given", "done"])),
  concurrency: maybe(integerFrom(1, 256)),
  skip: maybe(callback),
  onProgress: maybe(callback),
});

/** The most options of a choice; each place where two of them differ costs a run of the decoder. */
const MOST_OPTIONS = 256;

export const choiceList = pipe(
  listThat<string>(
    (one) =>
      typeof one === "string" && one.trim() !== "" && one === one.trim() && one.length <= 500,
    "a list of options, each of them a text of at most 500 characters without spaces around it",
  ),
  check(
    (options) =>
      options.length >= 2 &&
      options.length <= MOST_OPTIONS &&
      new Set(options.map((option) => option.toLowerCase())).size === options.length,
    `2 to ${String(MOST_OPTIONS)} different options`,
  ),
);

const answerStart = maybe(
  that<string>(
    (value) => typeof value === "string" && value !== "" && value === value.trim(),
    "a text without spaces around it",
  ),
);

const choiceEntries = {
  answerStart,
  ...waitEntries,
  ...viewEntries,
  ...questionEntries,
  cache,
  priority,
};

export const choiceOptions = fields(choiceEntries);

const scoreLimit = maybe(integerFrom(-1_000_000, 1_000_000));

export const scoreOptions = pipe(
  fields({ ...choiceEntries, min: scoreLimit, max: scoreLimit }),
  check(
    ({ min = 1, max = 10 }) => max > min && max - min < MOST_OPTIONS,
    `a \`max\` above \`min\`, with at most ${String(MOST_OPTIONS)} whole numbers from one to the other`,
  ),
);

export const openOptions = fields({ ...viewEntries, ...waitEntries, priority });

const openCallEntries = { ...generationEntries, ...waitEntries, cache, priority };

/** Of an image that is open already. */
export const imageQuestion = pipe(
  fields({ ...openCallEntries, ...questionEntries, format }),
  check(({ format, stop }) => format === undefined || stop === undefined, WITHOUT_STOP),
);

/** Of an image that is open already. */
export const imageCaptionOptions = fields({ ...openCallEntries, ...captionEntries });

/** What `generate` and `caption` are given for each frame. */
const frameEntries = {
  ...generationEntries,
  ...viewEntries,
  timeoutMs,
  priority,
  ...captionEntries,
};

export const frameOptions = fields(frameEntries, "dropped");

/** When a watch asks again. */
export const watchEntries = {
  minIntervalMs: maybe(numberFrom(0, 2 ** 31 - 1)),
  changeThreshold: maybe(numberFrom(0, 1)),
};

export const watchOptions = fields({
  ...frameEntries,
  ...watchEntries,
  signal: waitEntries.signal,
  onCaption: callback,
  prompt: maybe(promptText),
  onError: maybe(callback),
});
