/**
 * The life of a picture in the batch, as plain data and pure steps: waiting, then done or failed.
 * What is being worked on is not part of it: a page that goes away in the middle leaves a picture
 * that waits, and the next page takes it up.
 */

import { VlmError, type CaptionPresetName } from "@fastvlm-kit/web";

export type PictureState =
  | { readonly kind: "waiting" }
  | {
      readonly kind: "done";
      readonly caption: string;
      readonly preset: CaptionPresetName;
      readonly modelId: string;
      readonly isEdited: boolean;
    }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export interface QueuedPicture {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Pictures are taken in this order. */
  readonly order: number;
  readonly state: PictureState;
}

export interface QueueCounts {
  readonly total: number;
  readonly waiting: number;
  readonly done: number;
  readonly failed: number;
}

export const WAITING: PictureState = { kind: "waiting" };

export function byOrder(first: QueuedPicture, second: QueuedPicture): number {
  return first.order - second.order || first.id.localeCompare(second.id);
}

/** The picture to caption next: the one that has waited longest. */
export function nextOf(pictures: Iterable<QueuedPicture>): QueuedPicture | undefined {
  return [...pictures].filter(({ state }) => state.kind === "waiting").sort(byOrder)[0];
}

export function countStates(pictures: Iterable<QueuedPicture>): QueueCounts {
  const counts = { total: 0, waiting: 0, done: 0, failed: 0 };
  for (const { state } of pictures) {
    counts.total++;
    counts[state.kind]++;
  }
  return counts;
}

/** Only what still waits can be done: an answer that comes late changes nothing. */
export function toDone(
  picture: QueuedPicture,
  answer: {
    readonly text: string;
    readonly preset: CaptionPresetName;
    readonly modelId: string;
  },
): QueuedPicture {
  if (picture.state.kind !== "waiting") return picture;
  const { text: caption, preset, modelId } = answer;
  return { ...picture, state: { kind: "done", caption, preset, modelId, isEdited: false } };
}

export function toFailed(picture: QueuedPicture, error: unknown): QueuedPicture {
  if (picture.state.kind !== "waiting") return picture;
  const code = VlmError.is(error) ? error.code : "unknown";
  const message = error instanceof Error ? error.message : String(error);
  return { ...picture, state: { kind: "failed", code, message } };
}

export function toRetried(picture: QueuedPicture): QueuedPicture {
  return picture.state.kind === "failed" ? { ...picture, state: WAITING } : picture;
}

export function toEdited(picture: QueuedPicture, caption: string): QueuedPicture {
  const { state } = picture;
  if (state.kind !== "done" || state.caption === caption) return picture;
  return { ...picture, state: { ...state, caption, isEdited: true } };
}
