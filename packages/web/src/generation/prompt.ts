/**
 * Turns a question into the parts of a prompt. The chat template is rendered with placeholders. The user's text is put in
 * afterwards, encoded as plain text. So `<|im_end|>` or `<image>` in a user's text stays text, and can never become a
 * control token.
 */

import type { ChatTurn } from "../protocol/options.ts";
import type { ImageFeatures, PromptPart, TextCodec, ChatMessage } from "../engines/runtime.ts";

/** A question, with what belongs to it. */
export interface Question {
  readonly text: string;
  readonly system: string | undefined;
  /** Earlier turns, the user's first. */
  readonly history?: readonly ChatTurn[];
}

/** A prompt before the images are encoded: ids and places for images. */
export type PromptPiece =
  { readonly kind: "tokens"; readonly ids: readonly number[] } | { readonly kind: "image" };

const IMAGE_TOKEN = "<image>";

/** Marks the place of a text in the rendered template. These private-use characters are removed from user text first. */
const SLOT_OPEN = "\uE000";
const SLOT_CLOSE = "\uE001";

/**
 * Lays out a chat prompt: `imageCount` images, then the first question, as the public FastVLM files
 * were trained (the image straight before the text).
 */
export function layOutPrompt(
  codec: TextCodec,
  question: Question,
  imageCount: number,
): PromptPiece[] {
  const texts: string[] = [];
  const slot = (text: string): string => {
    texts.push(cleanUserText(text));
    return `${SLOT_OPEN}${String(texts.length - 1)}${SLOT_CLOSE}`;
  };
  const messages: ChatMessage[] = [];
  if (question.system !== undefined)
    messages.push({ role: "system", content: slot(question.system) });
  const turns = [...(question.history ?? []), { role: "user", content: question.text } as const];
  for (const [index, { role, content }] of turns.entries()) {
    const images = index === 0 ? IMAGE_TOKEN.repeat(imageCount) : "";
    messages.push({ role, content: images + slot(content) });
  }

  const pieces = splitControlTokens(codec.renderChat(messages), codec.controlTokens);
  return pieces.map((piece): PromptPiece => {
    if (piece.isControl) {
      if (piece.text === IMAGE_TOKEN) return { kind: "image" };
      const id = codec.controlId(piece.text);
      if (id === undefined) throw new Error(`The vocabulary has no control token ${piece.text}`);
      return { kind: "tokens", ids: [id] };
    }
    return { kind: "tokens", ids: codec.encode(fillSlots(piece.text, texts)) };
  });
}

/** The part of the prompt up to and with the images. */
export function upToImages(pieces: readonly PromptPiece[]): readonly PromptPiece[] {
  return pieces.slice(0, pieces.findLastIndex(({ kind }) => kind === "image") + 1);
}

/** Puts the features of images into their places, in order. */
export function fillImages(
  pieces: readonly PromptPiece[],
  features: readonly ImageFeatures[],
): PromptPart[] {
  let next = 0;
  const parts = pieces.map((piece): PromptPart => {
    if (piece.kind === "tokens") return piece;
    const image = features[next++];
    if (image === undefined)
      throw new Error("The prompt has more places for pictures than pictures");
    return { kind: "image", features: image };
  });
  if (next !== features.length)
    throw new Error("The prompt has fewer places for pictures than pictures");
  return mergeTokens(parts);
}

/** Number of text positions in a prompt. */
export function countTextTokens(pieces: readonly PromptPiece[]): number {
  return pieces.reduce((sum, piece) => sum + (piece.kind === "tokens" ? piece.ids.length : 0), 0);
}

/**
 * Normalises text to NFC, and removes characters that are invisible or change the order of text. No question needs them,
 * and they are used to hide one. Newlines and tabs stay.
 */
export function cleanUserText(text: string): string {
  // NFC comes last, because a removed character may have been between a letter and its accent.
  return text.replace(INVISIBLE, "").replace(PRIVATE_SLOTS, "").normalize("NFC");
}

// C0 and C1 controls but \t and \n; zero-width and bidirectional controls; word joiner; BOM; tag characters.
const INVISIBLE =
  // eslint-disable-next-line no-control-regex -- control characters are what this removes
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]|[\u{E0000}-\u{E007F}]/gu;
const PRIVATE_SLOTS = /[\uE000\uE001]/g;

interface TemplatePiece {
  readonly text: string;
  readonly isControl: boolean;
}

/** Splits the template's own text at control tokens. There is no user text in it yet, so none can match there. */
function splitControlTokens(rendered: string, controlTokens: readonly string[]): TemplatePiece[] {
  const alternatives = [...new Set([IMAGE_TOKEN, ...controlTokens])]
    .sort((a, b) => b.length - a.length)
    .map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const controls = new Set([IMAGE_TOKEN, ...controlTokens]);
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
