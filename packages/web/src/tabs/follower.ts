/** A tab that uses the model of another tab. It notices within two seconds when that tab is gone or stands still. */

import { isLastOfCall, METHODS_PORT, withoutPorts } from "./messages.ts";
import type { Announcement, PairMessage, PairWord } from "./messages.ts";
import { pairName } from "./names.ts";

/** How often the leader is asked for a sign of life while a reply is missing, in milliseconds. Hidden tabs get 1000. */
const PING_MS = 400;

/**
 * A leader that gives no sign of life for so long stands still. A shorter time would take busy pages for frozen ones. In a
 * hidden tab, whose timers come once a second, a little less keeps the time under two seconds.
 */
const SILENT_MS = 1200;
const SILENT_HIDDEN_MS = 900;

/** Timers that come so late say that this tab stood still itself, and has not read yet what it was sent. */
const LATE_MS = 2500;

export interface FollowerOptions {
  readonly name: string;
  /** This tab's name among those with the model. */
  readonly id: string;
  readonly onMessage: (data: unknown) => void;
  /**
   * Called once, when the leader is gone.
   *
   * @param isFrozen whether it is still there, but stands still
   */
  readonly onGone: (isFrozen: boolean) => void;
}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #hall: BroadcastChannel;
  readonly #channel: BroadcastChannel;
  readonly #ports = new Map<number, MessagePort>();
  /** Calls of methods that were not answered yet, by Comlink's ids. */
  readonly #unanswered = new Set<unknown>();
  readonly #waits = new AbortController();
  #nextPort = METHODS_PORT + 1;
  #leader: string | undefined;
  #welcomed: (() => void) | undefined;
  #pings: ReturnType<typeof setInterval> | undefined;
  /** When the leader was first asked for a sign of life that did not come. */
  #silentSince: number | undefined;
  #releaseLock: () => void = () => undefined;
  #hasEnded = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { name, id } = options;
    this.#hall = new BroadcastChannel(name);
    this.#hall.onmessage = ({ data }: MessageEvent<Announcement>) => {
      if (data.type === "leads" && this.#leader !== undefined && data.leader !== this.#leader) {
        this.#goneIs(false);
      }
    };
    this.#channel = new BroadcastChannel(pairName(name, id));
    this.#channel.onmessage = ({ data: { leader, what } }: MessageEvent<PairMessage>) => {
      if (what.type === "welcome") this.#leader ??= leader;
      if (leader === this.#leader) this.#receive(what);
    };
  }

  /** Looks for the tab that runs the model. @returns whether it answered in time */
  async find(withinMs: number): Promise<boolean> {
    const { name, id } = this.#options;
    await this.#holdLock(pairName(name, id));
    const welcome = new Promise<boolean>((resolve) => {
      this.#welcomed = () => {
        resolve(true);
      };
    });
    this.#hall.postMessage({ type: "hello", follower: id } satisfies Announcement);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, withinMs, false);
    });
    const isFound = await Promise.race([welcome, late]);
    clearTimeout(timer);
    if (isFound) this.#noticeEnd();
    return isFound;
  }

  post(message: unknown): void {
    const { id } = (message ?? {}) as { id?: unknown };
    if (typeof id === "string") this.#await(id);
    const data = withoutPorts(message, (port) => this.#numberPort(port));
    this.#send({ type: "data", to: "leader", port: METHODS_PORT, data });
  }

  /** @param isFaulty whether the worker must not serve anybody any more */
  leave(isFaulty: boolean): void {
    if (this.#hasEnded) return;
    this.#send({ type: "leave", isFaulty });
    this.#close();
  }

  #receive(message: PairWord): void {
    if (message.type === "welcome") this.#welcomed?.();
    else if (message.type === "pong") this.#silentSince = undefined;
    else if (message.type === "gone") this.#goneIs(false);
    else if (message.type === "data" && message.to === "follower") {
      this.#deliver(message.port, message.data);
    }
  }

  #deliver(number: number, data: unknown): void {
    this.#silentSince = undefined;
    if (number === METHODS_PORT) {
      this.#unanswered.delete((data as { id?: unknown } | null)?.id);
      if (this.#unanswered.size === 0) this.#stopPings();
      this.#options.onMessage(data);
      return;
    }
    const port = this.#ports.get(number);
    port?.postMessage(data);
    if (isLastOfCall(data)) this.#ports.delete(number);
  }

  #numberPort(port: MessagePort): number {
    const number = this.#nextPort++;
    this.#ports.set(number, port);
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      this.#send({ type: "data", to: "leader", port: number, data });
    };
    return number;
  }

  /** Asks for signs of life until the reply to this call is there. */
  #await(id: string): void {
    this.#unanswered.add(id);
    if (this.#pings !== undefined) return;
    this.#ping();
    let lastAt = performance.now();
    let wasLate = false;
    this.#pings = setInterval(() => {
      const now = performance.now();
      const isLate = now - lastAt > LATE_MS;
      const silentMs = now - (this.#silentSince ?? now);
      const isOverdue = silentMs >= (now - lastAt > 2 * PING_MS ? SILENT_HIDDEN_MS : SILENT_MS);
      // After one late timer the messages of the meantime are read first. Some browsers make all timers of hidden tabs late.
      const isSure = !isLate || wasLate;
      lastAt = now;
      wasLate = isLate;
      if (isOverdue && isSure) this.#goneIs(true);
      else this.#ping();
    }, PING_MS);
  }

  #ping(): void {
    this.#silentSince ??= performance.now();
    this.#send({ type: "ping" });
  }

  #stopPings(): void {
    clearInterval(this.#pings);
    this.#pings = undefined;
    this.#silentSince = undefined;
  }

  /** The leader holds the lock of the model until it is gone. */
  #noticeEnd(): void {
    const options = { mode: "shared", signal: this.#waits.signal } as const;
    navigator.locks
      .request(this.#options.name, options, () => {
        this.#goneIs(false);
      })
      .catch(() => undefined); // Aborted by `#close`.
  }

  #holdLock(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      navigator.locks
        .request(name, () => {
          resolve();
          return new Promise<void>((release) => {
            this.#releaseLock = release;
          });
        })
        .catch(reject);
    });
  }

  #goneIs(isFrozen: boolean): void {
    if (this.#hasEnded) return;
    this.#close();
    this.#options.onGone(isFrozen);
  }

  #close(): void {
    this.#hasEnded = true;
    this.#stopPings();
    this.#waits.abort();
    this.#releaseLock();
    this.#hall.close();
    this.#channel.close();
  }

  #send(what: PairWord): void {
    if (this.#hasEnded || this.#leader === undefined) return;
    this.#channel.postMessage({ leader: this.#leader, what } satisfies PairMessage);
  }
}
