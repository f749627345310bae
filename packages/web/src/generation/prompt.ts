/**
 * Turns a question into the parts of a prompt. The conversation is written with placeholders. The user's text is put in
 * afterwards, encoded as plain text. So a control token in a user's text stays text, and can never become one. The model's
 * family says how messages are written and what an image becomes.
 */

import type { ChatTurn } from "../protocol/options.ts";
import { cleanUserText } from "./clean-user-text.ts";
import { VlmError } from "../protocol/errors.ts";
import type { ImageFeatures, PromptPart, TextCodec, ChatMessage } from "../engines/runtime.ts";
import type { ImagePiece, PromptForm } from "../families/family.ts";

/** A question, with what belongs to it. */
export interface Question {
  readonly text: string;
  readonly system: string | undefined;
  /** Earlier turns, the user's first. */
  readonly history?: readonly ChatTurn[];
}

/** A prompt before the images are encoded: ids, and a place for each tile of each image. */
export type PromptPiece =
  | {
      readonly kind: "tokens";
      readonly ids: readonly number[];
      /** Whether they mark an image's tiles, and count as positions of the image. */
      readonly isOfImage?: true;
    }
  | { readonly kind: "image" };

/** Marks the place of a text in the written conversation. These private-use characters are removed from user text first. */
const SLOT_OPEN = "\uE000";
const SLOT_CLOSE = "\uE001";

/**
 * Lays out a chat prompt: all images, then the first question.
 *
 * @param images what each image becomes
 * @throws {VlmError} `model-invalid` where the chat template has another number of places for images, or the vocabulary
 *   lacks a control token that stands around images
 */
export function layOutPrompt(
  codec: TextCodec,
  form: Pick<PromptForm, "imageToken">,
  question: Question,
  images: readonly (readonly ImagePiece[])[],
): PromptPiece[] {
  const texts: string[] = [];
  const slot = (text: string): string => {
    texts.push(cleanUserText(text));
    return `${SLOT_OPEN}${String(texts.length - 1)}${SLOT_CLOSE}`;
  };
  const messages: ChatMessage[] = [];
  if (question.system !== undefined)
    messages.push({ role: "system", images: 0, text: slot(question.system) });
  const turns = [...(question.history ?? []), { role: "user", content: question.text } as const];
  for (const [index, { role, content }] of turns.entries()) {
    messages.push({ role, images: index === 0 ? images.length : 0, text: slot(content) });
  }

  const controls = new Set([form.imageToken, ...codec.controlTokens]);
  const pieces = splitControlTokens(codec.renderChat(messages), controls);
  const places = pieces.filter(({ text, isControl }) => isControl && text === form.imageToken);
  if (places.length !== images.length) throw wrongPlaces(places.length, images.length);
  let next = 0;
  return pieces.flatMap((piece): readonly PromptPiece[] => {
    if (!piece.isControl) return [tokens(codec.encode(fillSlots(piece.text, texts)))];
    if (piece.text !== form.imageToken) return [tokens([idOf(codec, piece.text)])];
    return images[next++]!.map((part) => layOutPart(codec, part));
  });
}

function tokens(ids: readonly number[]): PromptPiece {
  return { kind: "tokens", ids };
}

/** A part of an image: its text is encoded by itself, since control tokens or other images are its neighbours. */
function layOutPart(codec: TextCodec, part: ImagePiece): PromptPiece {
  if (part.kind === "tile") return { kind: "image" };
  const ids = part.kind === "text" ? codec.encode(part.text) : [idOf(codec, part.token)];
  return { kind: "tokens", ids, isOfImage: true };
}

function idOf(codec: TextCodec, token: string): number {
  const id = codec.controlId(token);
  if (id === undefined) {
    throw new VlmError(
      "model-invalid",
      `The model's tokenizer.json has no control token \`${token}\`. Use the tokenizer that the model was published with.`,
      { file: "tokenizer.json", reason: `no control token ${token}` },
    );
  }
  return id;
}

function wrongPlaces(places: number, images: number): VlmError<"model-invalid"> {
  return new VlmError(
    "model-invalid",
    `The model's chat template has ${String(places)} places for ${String(images)} images. Use the template that the model was published with.`,
    { file: "tokenizer_config.json", reason: "chat template loses or adds images" },
  );
}

/** The part of the prompt up to and with the images. */
export function upToImages(pieces: readonly PromptPiece[]): readonly PromptPiece[] {
  return pieces.slice(0, pieces.findLastIndex(isOfImage) + 1);
}

function isOfImage(piece: PromptPiece): boolean {
  return piece.kind === "image" || piece.isOfImage === true;
}

/** Puts the features of tiles into their places, in order. */
export function fillImages(
  pieces: readonly PromptPiece[],
  features: readonly ImageFeatures[],
): PromptPart[] {
  let next = 0;
  const parts = pieces.map((piece): PromptPart => {
    if (piece.kind === "tokens") return { kind: "tokens", ids: piece.ids };
    const image = features[next++];
    if (image === undefined) throw new Error("The prompt has more places for images than images");
    return { kind: "image", features: image };
  });
  if (next !== features.length)
    throw new Error("The prompt has fewer places for images than images");
  return mergeTokens(parts);
}

/**
 * Number of positions in a prompt, before its images are encoded.
 *
 * @param tiles those of all images, with the positions that each takes
 */
export function countPositions(
  pieces: readonly PromptPiece[],
  tiles: readonly { readonly tokens: number }[],
): number {
  const ids = pieces.reduce(
    (sum, piece) => sum + (piece.kind === "tokens" ? piece.ids.length : 0),
    0,
  );
  return tiles.reduce((sum, { tokens }) => sum + tokens, ids);
}

/** Number of text positions in a prompt; what marks the tiles of an image is the image's. */
export function countTextTokens(pieces: readonly PromptPiece[]): number {
  return pieces.reduce(
    (sum, piece) => sum + (piece.kind === "tokens" && !isOfImage(piece) ? piece.ids.length : 0),
    0,
  );
}

interface TemplatePiece {
  readonly text: string;
  readonly isControl: boolean;
}

/** Splits the template's own text at control tokens. There is no user text in it yet, so none can match there. */
function splitControlTokens(rendered: string, controls: ReadonlySet<string>): TemplatePiece[] {
  const alternatives = [...controls]
    .sort((a, b) => b.length - a.length)
    .map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return rendered
    .split(new RegExp(`(${alternatives.join("|")})`))
    .filter((text) => text !== "")
    .map((text) => ({ text, isControl: controls.has(text) }));
}

function fillSlots(text: string, texts: readonly string[]): string {
  return text.replace(/\uE000(\d+)\uE001/g, (_, index: string) => texts[Number(index)] ?? "");
}

function mergeTokens(parts: readonly PromptPart[]): PromptPart[] {
  const merged: PromptPart[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (part.kind === "tokens" && last?.kind === "tokens") {
      merged[merged.length - 1] = { kind: "tokens", ids: [...last.ids, ...part.ids] };
    } else {
      merged.push(part);
    }
  }
  return merged;
}
