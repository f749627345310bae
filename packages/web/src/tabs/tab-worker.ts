/**
 * A worker for all tabs with the same model. The first tab starts it and leads; the others use it over channels. To the
 * tab it looks like a worker of its own, which dies when the tab that leads is gone. The next worker that the tab then asks
 * for is found, or started, in the same way.
 */

import { transfer, wrap } from "comlink";
import { VlmError } from "../protocol/errors.ts";
import type { WorkerApi } from "../wire/worker-api.ts";
import { startNoted } from "../shared/started-worker.ts";
import type { WorkerLike } from "../wire/worker-like.ts";
import { Follower } from "./follower.ts";
import { whenNotFrozen } from "./frozen-tab.ts";
import { Leader } from "./leader.ts";
import { modelName, newTabId, takeoverName } from "./names.ts";

/** How long a tab waits for the tab that leads to answer, before it asks again, in milliseconds. */
const ANSWER_MS = 250;

/** A tab that leads and answers nothing for so long stands still, in milliseconds. */
const STANDS_STILL_MS = 1500;

export interface TabWorkerOptions {
  readonly createWorker: () => Worker;
  /** The tabs with this key share a worker. */
  readonly key: Promise<string>;
  /** Whether the tab that leads was just found to stand still. */
  readonly isLeaderFrozen: boolean;
  readonly onRole: (role: "leader" | "follower") => void;
  /** Called when the tab that leads was found to stand still. */
  readonly onFrozen: () => void;
}

export class TabWorker extends EventTarget implements WorkerLike {
  readonly #options: TabWorkerOptions;
  readonly #id = newTabId();
  /** Messages that wait until it is known who leads. */
  #unsent: [message: unknown, transfer: Transferable[]][] = [];
  #post: ((message: unknown, transfer: Transferable[]) => void) | undefined;
  #leave: (isFaulty: boolean) => void = () => undefined;
  #leader: Leader | undefined;
  started: WorkerLike["started"];
  #hasEnded = false;

  constructor(options: TabWorkerOptions) {
    super();
    this.#options = options;
    void this.#begin();
  }

  get isUsedElsewhere(): boolean {
    return this.#leader?.hasFollowers === true;
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    if (this.#post) this.#post(message, transfer);
    else this.#unsent.push([message, transfer]);
  }

  terminate(why?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#unsent = [];
    // What is typed is a fault of the worker or of its device; an app that is done with it gives other reasons.
    this.#leave(VlmError.is(why));
  }

  async #begin(): Promise<void> {
    try {
      const name = modelName(await this.#options.key);
      await whenNotFrozen();
      if (this.#options.isLeaderFrozen && (await this.#takeOver(name))) return;
      let askedSince = performance.now();
      while (!this.#hasEnded) {
        await whenNotFrozen(); // A frozen tab must not lead.
        if (await this.#lead(name, {})) return;
        if (await this.#follow(name)) return;
        if (performance.now() - askedSince < STANDS_STILL_MS) continue;
        if (await this.#takeOver(name)) return;
        askedSince = performance.now();
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** Becomes the tab that leads, if no other is. @param how `steal` takes the place of the one that is */
  #lead(name: string, { steal = false }: { readonly steal?: boolean }): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let leads = false;
      navigator.locks
        .request(name, steal ? { steal } : { ifAvailable: true }, (lock) => {
          if (!lock || this.#hasEnded) {
            resolve(false);
            return undefined;
          }
          const over = this.#startLeading(name);
          leads = true;
          resolve(true);
          return over;
        })
        .catch((error: unknown) => {
          if (!leads) reject(error);
          // Another tab took the lock, because this one stood still.
          else this.#fail("this tab stood still, and another runs the model now");
        });
    });
  }

  /** @returns ends when this tab no longer leads */
  #startLeading(name: string): Promise<void> {
    const started = startNoted(this.#options.createWorker);
    this.started = started;
    if (!started.worker) throw started.refusal;
    const { worker } = started;
    for (const type of ["message", "messageerror"] as const) {
      worker.addEventListener(type, ({ data, ports }: MessageEvent<unknown>) => {
        this.dispatchEvent(new MessageEvent(type, { data, ports: [...ports] }));
      });
    }
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(event.message);
    });
    const methods = wrap<WorkerApi>(worker);
    const leader = new Leader({
      name,
      id: this.#id,
      addPage: (port) => void methods.addPage(transfer(port, [port])),
      onFaulty: () => {
        this.#fail("another tab found it to be broken");
      },
    });
    this.#leader = leader;
    this.#send((message, transfer) => {
      worker.postMessage(message, transfer);
    });
    this.#options.onRole("leader");
    const over = new AbortController();
    this.#noticeFreeze(leader, over.signal);
    return new Promise((resolve) => {
      this.#leave = () => {
        over.abort();
        worker.terminate();
        leader.end();
        resolve();
      };
    });
  }

  /** A frozen tab's worker stands still. Where others need it, one of them has to start another. */
  #noticeFreeze(leader: Leader, signal: AbortSignal): void {
    const onFreeze = (): void => {
      if (leader.hasFollowers) this.#fail("the browser froze this tab, and another runs the model");
    };
    document.addEventListener("freeze", onFreeze, { signal });
  }

  async #follow(name: string): Promise<boolean> {
    const follower = new Follower({
      name,
      id: newTabId(),
      onMessage: (data) => {
        this.dispatchEvent(new MessageEvent("message", { data }));
      },
      onGone: (isFrozen) => {
        if (isFrozen) this.#options.onFrozen();
        this.#fail(
          isFrozen ? "the tab that ran it stands still" : "the tab that ran it was closed",
        );
      },
    });
    if (!(await follower.find(ANSWER_MS)) || this.#hasEnded) {
      follower.leave(false);
      return false;
    }
    this.#leave = (isFaulty) => {
      follower.leave(isFaulty);
    };
    this.#send((message) => {
      follower.post(message);
    });
    this.#options.onRole("follower");
    return true;
  }

  /** Takes the place of a tab that leads and stands still. One tab at a time decides that, and asks once more before. */
  #takeOver(name: string): Promise<boolean> {
    return navigator.locks.request(takeoverName(name), async () => {
      if (this.#hasEnded) return false;
      if (await this.#lead(name, {})) return true;
      if (await this.#follow(name)) return true;
      return this.#lead(name, { steal: true });
    });
  }

  #send(post: (message: unknown, transfer: Transferable[]) => void): void {
    this.#post = post;
    for (const [message, transfer] of this.#unsent.splice(0)) post(message, transfer);
  }

  /** Dies as a worker does that throws. */
  #fail(message: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#leave(false);
    this.dispatchEvent(new ErrorEvent("error", { message, cancelable: true }));
  }
}
