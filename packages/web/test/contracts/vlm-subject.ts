/** What the contract of a client is checked on, and how its checks look at it. */

import { VlmError } from "../../src/protocol/errors.ts";
import type { ImageSource } from "../../src/api/image-source.ts";
import type { Vlm, VlmOptions } from "../../src/api/vlm.ts";
import type { VideoSource } from "../../src/api/watch.ts";
import type { GenerateEvent } from "../../src/protocol/result.ts";

/** A client of some kind, real or fake. Its answers may be any. */
export interface VlmSubject {
  /** Loads a model, with all that the kit can report on. */
  readonly open: (options?: Partial<Omit<VlmOptions, "worker">>) => Promise<Vlm>;
  /** Images that differ. The same number is the same object. */
  readonly image: (number: number) => ImageSource;
  /** A prompt whose answer has several pieces of text. */
  readonly prompt: string;
  /** Something to watch, and what makes it show another frame. */
  readonly video: { readonly source: VideoSource; readonly change: () => void };
  /** Ends the worker of the client that was opened last, without its help. */
  readonly killWorker: () => void;
  /** The model that `open` loads, at another revision. */
  readonly otherRevision: () => VlmOptions["model"];
}

/** A promise that every client keeps. It throws where it is broken. */
export type VlmCheck = (subject: VlmSubject) => Promise<void>;

/** What `work` rejects with. */
export async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("It should have been rejected");
}

/** The name of an error, and its code if it is one of the kit's. */
export function nameOf(error: unknown): string {
  return VlmError.is(error) ? `VlmError ${error.code}` : (error as Error).name;
}

export async function collect(
  events: AsyncGenerator<GenerateEvent, void, undefined>,
): Promise<GenerateEvent[]> {
  const all: GenerateEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** The kinds of events in order; those that follow each other are one. */
export function kindsOf(events: readonly GenerateEvent[]): string[] {
  return events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
}

/** Waits for what comes on a port of its own, such as metrics. */
export async function until(isThere: () => boolean, what: string): Promise<void> {
  const endsAt = Date.now() + 10_000;
  while (!isThere()) {
    if (Date.now() > endsAt) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
