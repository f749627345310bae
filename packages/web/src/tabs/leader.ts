/** The tab that runs the model: it carries messages between its worker and the other tabs. */

import { wrap } from "comlink";
import type { WorkerApi } from "../wire/worker-api.ts";
import { isTabFrozen } from "./frozen-tab.ts";
import { isLastOfCall, METHODS_PORT, withPorts } from "./messages.ts";
import type { Announcement, PairMessage, PairWord } from "./messages.ts";
import { pairName } from "./names.ts";

export interface LeaderOptions {
  /** What names the model's channels and locks. */
  readonly name: string;
  /** This tab's name among those with the model. */
  readonly id: string;
  /** Serves one more page on the port. */
  readonly addPage: (port: MessagePort) => void;
  /** A follower found the worker to be broken. */
  readonly onFaulty: () => void;
}

export class Leader {
  readonly #options: LeaderOptions;
  readonly #hall: BroadcastChannel;
  readonly #followers = new Map<string, FollowerLink>();

  constructor(options: LeaderOptions) {
    this.#options = options;
    const { name, id } = options;
    this.#hall = new BroadcastChannel(name);
    this.#hall.onmessage = ({ data }: MessageEvent<Announcement>) => {
      if (data.type === "hello" && !isTabFrozen()) this.#welcome(data.follower);
    };
    this.#hall.postMessage({ type: "leads", leader: id } satisfies Announcement);
  }

  get hasFollowers(): boolean {
    return this.#followers.size > 0;
  }

  /** Tells the followers that the worker is gone. */
  end(): void {
    this.#hall.close();
    for (const follower of this.#followers.values()) follower.end();
    this.#followers.clear();
  }

  #welcome(follower: string): void {
    const { name, id, addPage, onFaulty } = this.#options;
    const known = this.#followers.get(follower);
    if (known) {
      known.welcome();
      return;
    }
    const link = new FollowerLink(name, follower, id, {
      onLeft: (isFaulty) => {
        this.#followers.delete(follower);
        if (isFaulty) onFaulty();
      },
    });
    this.#followers.set(follower, link);
    addPage(link.methods);
    link.welcome();
  }
}

/** What the leader has for one follower: a channel to it, and ports to the worker. */
class FollowerLink {
  readonly #channel: BroadcastChannel;
  readonly #leader: string;
  readonly #ports = new Map<number, MessagePort>();
  readonly #lockWait = new AbortController();
  readonly #onLeft: (isFaulty: boolean) => void;
  #hasEnded = false;
  /** The worker's end of the port for methods. */
  readonly methods: MessagePort;

  constructor(
    name: string,
    follower: string,
    leader: string,
    { onLeft }: { readonly onLeft: (isFaulty: boolean) => void },
  ) {
    this.#leader = leader;
    this.#onLeft = onLeft;
    this.#channel = new BroadcastChannel(pairName(name, follower));
    this.#channel.onmessage = ({ data }: MessageEvent<PairMessage>) => {
      if (data.leader === leader) this.#receive(data.what);
    };
    this.methods = this.#openPort(METHODS_PORT);
    // The follower holds this lock for as long as it lives.
    navigator.locks
      .request(pairName(name, follower), { signal: this.#lockWait.signal }, () => {
        this.#leave(false);
      })
      .catch(() => undefined); // Aborted by `#close`.
  }

  welcome(): void {
    this.#post({ type: "welcome" });
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#post({ type: "gone" });
    this.#close();
  }

  #receive(message: PairWord): void {
    if (message.type === "ping") this.#post({ type: "pong" });
    else if (message.type === "leave") this.#leave(message.isFaulty);
    else if (message.type === "data" && message.to === "leader") {
      const port = this.#ports.get(message.port);
      const { message: data, ports } = withPorts(message.data, (number) => this.#openPort(number));
      port?.postMessage(data, ports);
    }
  }

  /** @returns the worker's end of a port whose other end is this link */
  #openPort(number: number): MessagePort {
    const { port1: ours, port2: theirs } = new MessageChannel();
    this.#ports.set(number, ours);
    ours.onmessage = ({ data }: MessageEvent<unknown>) => {
      this.#post({ type: "data", to: "follower", port: number, data });
      if (number === METHODS_PORT || !isLastOfCall(data)) return;
      ours.close();
      this.#ports.delete(number);
    };
    return theirs;
  }

  /** The follower is gone: its calls end. */
  #leave(isFaulty: boolean): void {
    if (this.#hasEnded) return;
    const methods = this.#ports.get(METHODS_PORT);
    if (methods) {
      void wrap<Pick<WorkerApi, "leave">>(methods)
        .leave()
        .then(() => {
          methods.close();
        });
    }
    this.#close();
    this.#onLeft(isFaulty);
  }

  #close(): void {
    this.#hasEnded = true;
    this.#lockWait.abort();
    this.#channel.close();
  }

  #post(what: PairWord): void {
    if (this.#hasEnded) return;
    this.#channel.postMessage({ leader: this.#leader, what } satisfies PairMessage);
  }
}
