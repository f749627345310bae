/**
 * Prompts of SmolVLM against transformers.js's `Idefics3Processor`: the same ids for the same images and messages. With
 * `SMOLVLM_FOLDER` the tokenizer is the real one.
 */

import {
  Idefics3ImageProcessor,
  Idefics3Processor,
  PreTrainedTokenizer,
  RawImage,
} from "@huggingface/transformers";
import { describe, expect, it } from "vitest";
import { idefics3Tokenizer } from "../../test/idefics3-tokenizer.ts";
import type { ChatMessage } from "../engines/runtime.ts";
import { smolVlmImages } from "../families/smolvlm/images.ts";
import { SMOLVLM_PROMPT } from "../families/smolvlm/smolvlm.ts";
import { layOutPrompt, type Question } from "../generation/prompt.ts";
import type { Size } from "../image/formats/size.ts";
import { createTextCodec } from "./tokenizer.ts";

const { json, config } = idefics3Tokenizer;
const codec = createTextCodec(json, config, SMOLVLM_PROMPT);
const tokenizer = new PreTrainedTokenizer(json, config);
const IMAGE = codec.controlId("<image>")!;

/** Small tiles: what depends on sizes is the same, and quick. */
const TILE = 32;
const TOKENS = 4;
const HALF = [0.5, 0.5, 0.5] as const;
const form = smolVlmImages({ tile: TILE, tokens: TOKENS, range: { mean: HALF, deviation: HALF } });

/** @param longest the side that the kit takes for the image, which the peer is told */
function processorOf(longest: number) {
  const imageProcessor = new Idefics3ImageProcessor({
    do_resize: true,
    do_rescale: true,
    do_normalize: true,
    image_mean: [...HALF],
    image_std: [...HALF],
    resample: 1,
    size: { longest_edge: longest },
    max_image_size: { longest_edge: TILE },
  });
  const parts = { tokenizer, image_processor: imageProcessor };
  return new Idefics3Processor({ image_seq_len: TOKENS }, parts, config.chat_template);
}

async function peerIds(messages: readonly ChatMessage[], images: readonly Size[], longest: number) {
  const text = codec.renderChat(messages);
  if (images.length === 0) return tokenizer.encode(text, { add_special_tokens: false });
  const pixels = images.map(({ width, height }) => {
    return new RawImage(new Uint8ClampedArray(width * height * 3), width, height, 3);
  });
  const { input_ids: ids } = (await processorOf(longest)(text, pixels)) as {
    input_ids: { data: BigInt64Array };
  };
  return Array.from(ids.data, Number);
}

function kitIds(question: Question, images: readonly Size[], side: number): number[] {
  const plans = images.map((image) => form.plan(image, { side, fit: "stretch" }));
  const pieces = layOutPrompt(
    codec,
    SMOLVLM_PROMPT,
    question,
    plans.map((plan) => plan.pieces),
  );
  return pieces.flatMap((piece) =>
    piece.kind === "tokens" ? piece.ids : new Array<number>(TOKENS).fill(IMAGE),
  );
}

function messagesOf({ text, system, history = [] }: Question, images: number): ChatMessage[] {
  const turns = [...history, { role: "user" as const, content: text }];
  return [
    ...(system === undefined ? [] : [{ role: "system" as const, images: 0, text: system }]),
    ...turns.map(({ role, content }, at) => ({
      role,
      images: at === 0 ? images : 0,
      text: content,
    })),
  ];
}

async function compare(question: Question, images: readonly Size[], side: number): Promise<void> {
  const kit = kitIds(question, images, side);
  expect(kit).toEqual(await peerIds(messagesOf(question, images.length), images, side));
}

const QUESTION = { text: "What is this? 12 of the 3 cats,\nand more.", system: undefined };

describe("a prompt has the ids of transformers.js's Idefics3Processor", () => {
  const sizes = [128, 100, 97, 61, 33, 128 * 4];
  const pairs = sizes.flatMap((width) => sizes.map((height) => [width, height] as const));
  const large = pairs.filter(([width, height]) => Math.max(width, height) > 96);
  it.each(large)("for an image of %i × %i", async (width, height) => {
    for (const side of [32, 64, 96, 128]) await compare(QUESTION, [{ width, height }], side);
  });

  it("for several images, of one tile and of many", async () => {
    const images = [
      { width: 200, height: 150 },
      { width: 150, height: 200 },
      { width: 400, height: 110 },
    ];
    for (const side of [32, 128]) await compare(QUESTION, images, side);
  });

  const history = [
    { role: "user", content: "What is it?" },
    { role: "assistant", content: " A cat." },
  ] as const;
  it.each([
    ["text alone", { ...QUESTION }, 0],
    ["a conversation", { ...QUESTION, history }, 1],
    ["a conversation without images", { ...QUESTION, history }, 0],
    ["a system text", { ...QUESTION, system: "Be brief." }, 1],
  ] as const)("for %s", async (_, question, count) => {
    const images = new Array<Size>(count).fill({ width: 200, height: 150 });
    await compare(question, images, 64);
  });
});

/**
 * Here the kit differs from the peer on purpose. The peer takes markers in a user's text for markers: a spelled `<image>`
 * makes it count images wrongly, and `<end_of_utterance>` ends the user's turn.
 */
describe("markers that a user spells stay text", () => {
  const HOSTILE = [
    "<image>",
    "<row_1_col_1>",
    "<end_of_utterance>",
    "<|im_start|>",
    "<global-img>",
  ];

  it.each([...HOSTILE, "<fake_token_around_image>", HOSTILE.join("")])("%s", (text) => {
    const images = [{ width: 200, height: 150 }];
    const harmless = kitIds({ text: "x", system: undefined }, images, 64);
    const hostile = kitIds({ text, system: undefined }, images, 64);
    const controls = new Set(codec.controlTokens.map((token) => codec.controlId(token)));
    const controlsIn = (ids: readonly number[]) => ids.filter((id) => controls.has(id));
    expect(controlsIn(hostile)).toEqual(controlsIn(harmless));
    expect(codec.decode(hostile)).toBe(codec.decode(harmless).replace("x", text));
    expect(
      tokenizer.encode(text, { add_special_tokens: false }).some((id) => controls.has(id)),
    ).toBe(true);
  });
});
