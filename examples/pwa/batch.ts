/**
 * Works through the waiting pictures. Every step is on disk before it is shown, so a page may go
 * away at any time; and one page works at a time, however many are open.
 */

import type { CaptionOutcome, CaptionPresetName, KeyedImage } from "@fastvlm-kit/web";
import type { Captioner } from "./captioner.ts";
import {
  countStates,
  nextOf,
  toDone,
  toEdited,
  toFailed,
  toRetried,
  WAITING,
  type QueueCounts,
  type QueuedPicture,
} from "./queue.ts";
import { addToQueue, changeInQueue, readFile, readQueue, removeFromQueue } from "./queue-store.ts";
import { readSetting, writeSetting } from "./settings.ts";

const LOCK = "fastvlm-pwa-batch";

interface TakenPicture {
  readonly controller: AbortController;
  readonly preset: CaptionPresetName;
}

export interface BatchListener {
  /** Something of the batch changed: pictures, or what is being done. */
  readonly onChange: () => void;
  readonly onDone: (picture: QueuedPicture) => void;
  /** The batch stopped, because no picture could be captioned now. */
  readonly onProblem: (error: unknown) => void;
}

export class Batch {
  readonly #captioner: Captioner;
  readonly #listener: BatchListener;
  readonly #preset: () => CaptionPresetName;
  /** Other pages of the app, to tell them of changes. */
  readonly #others = new BroadcastChannel("fastvlm-pwa-batch");
  #pictures = new Map<string, QueuedPicture>();
  #run: AbortController | undefined;
  /** The pictures that this page works on: the first is being captioned, the next is made ready. */
  readonly #taken = new Map<string, TakenPicture>();
  #lastOrder = 0;

  constructor(captioner: Captioner, preset: () => CaptionPresetName, listener: BatchListener) {
    this.#captioner = captioner;
    this.#preset = preset;
    this.#listener = listener;
    this.#others.addEventListener("message", () => void this.#readAgain());
  }

  get pictures(): readonly QueuedPicture[] {
    return [...this.#pictures.values()];
  }

  get counts(): QueueCounts {
    return countStates(this.#pictures.values());
  }

  get isRunning(): boolean {
    return this.#run !== undefined && !this.#run.signal.aborted;
  }

  /** The picture that is being captioned, by this page. */
  get currentId(): string | undefined {
    return this.#taken.keys().next().value;
  }

  /** Takes up what an earlier page left. */
  async open(): Promise<void> {
    await this.#readAgain();
    this.goOn();
  }

  /** Starts, unless the user stopped it. */
  goOn(): void {
    if (!readSetting("isStopped")) this.start();
  }

  /** @throws when there is no room for the picture */
  async add(
    file: Blob,
    { name, id = crypto.randomUUID() }: { name: string; id?: string },
  ): Promise<void> {
    // Pictures added within a millisecond keep their order.
    this.#lastOrder = Math.max(Date.now(), this.#lastOrder + 1);
    const picture = { id, name, sizeBytes: file.size, order: this.#lastOrder, state: WAITING };
    await addToQueue(picture, file);
    await this.#changed();
  }

  /** Does nothing while it runs, or when nothing waits. */
  start(): void {
    writeSetting("isStopped", false);
    if (this.isRunning || this.counts.waiting === 0) return;
    // A run that was stopped may still be on its way out: the lock keeps the new one behind it.
    const run = new AbortController();
    this.#run = run;
    this.#listener.onChange();
    void this.#work(run.signal).then((isFinished) => {
      if (this.#run !== run) return;
      this.#run = undefined;
      this.#listener.onChange();
      // A picture that came while the last one was finished found the batch running.
      if (isFinished) this.start();
    });
  }

  stop(): void {
    writeSetting("isStopped", true);
    this.#run?.abort();
    this.#listener.onChange();
  }

  async retry(id: string): Promise<void> {
    await changeInQueue(id, toRetried);
    await this.#changed();
    this.start();
  }

  async edit(id: string, caption: string): Promise<void> {
    await changeInQueue(id, (picture) => toEdited(picture, caption));
    await this.#changed();
  }

  async remove(ids: readonly string[]): Promise<void> {
    await removeFromQueue(ids);
    for (const id of ids) this.#taken.get(id)?.controller.abort();
    await this.#changed();
  }

  /** @returns whether every picture was taken up */
  async #work(signal: AbortSignal): Promise<boolean> {
    try {
      await navigator.locks.request(LOCK, { signal }, async () => {
        await this.#readAgain();
        // Where no picture can be captioned, none of them is at fault.
        if (this.counts.waiting > 0) await abortable(this.#captioner.load(), signal);
        for await (const outcome of this.#captioner.captionMany(this.#take(), signal)) {
          await this.#settle(outcome);
        }
      });
      return true;
    } catch (error) {
      if (!signal.aborted) this.#listener.onProblem(error);
      return false;
    } finally {
      this.#taken.clear();
    }
  }

  /** Gives the files of waiting pictures, those first that have waited longest. */
  async *#take(): AsyncGenerator<KeyedImage, void, undefined> {
    for (;;) {
      const waiting = this.pictures.filter(({ id }) => !this.#taken.has(id));
      const next = nextOf(waiting);
      if (!next) return;
      const { id: key, name } = next;
      const taken = { controller: new AbortController(), preset: this.#preset() };
      const file = await readFile(key);
      if (!file) {
        await this.#change(key, (picture) => {
          return toFailed(
            picture,
            new Error(`The file of ${name} is gone. Add the picture again.`),
          );
        });
        continue;
      }
      this.#taken.set(key, taken);
      this.#listener.onChange();
      yield { image: file, key, signal: taken.controller.signal, preset: taken.preset };
    }
  }

  async #settle({ key, result, error }: CaptionOutcome): Promise<void> {
    const taken = this.#taken.get(key);
    this.#taken.delete(key);
    if (!taken || taken.controller.signal.aborted) return; // The user has removed it.
    await this.#change(key, (picture) => {
      if (!result) return toFailed(picture, error);
      const { text, model } = result;
      return toDone(picture, { text, modelId: model.id, preset: taken.preset });
    });
  }

  /** @param step what the picture becomes */
  async #change(id: string, step: (picture: QueuedPicture) => QueuedPicture): Promise<void> {
    const picture = await changeInQueue(id, step);
    await this.#changed();
    if (picture) this.#listener.onDone(picture);
  }

  async #changed(): Promise<void> {
    this.#others.postMessage("changed");
    await this.#readAgain();
  }

  async #readAgain(): Promise<void> {
    this.#pictures = new Map((await readQueue()).map((picture) => [picture.id, picture]));
    this.#listener.onChange();
  }
}

/** Stops waiting when the signal says so; what is waited for goes on. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
  });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
