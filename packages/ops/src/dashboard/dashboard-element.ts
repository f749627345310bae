/** `<vlm-dashboard>`: asks its source, or shows a file. */

import { parseSnapshot } from "../snapshot/parse-snapshot.ts";
import { createControls, type Controls } from "./controls.ts";
import type { DashboardData, DashboardSource } from "./dashboard-source.ts";
import { formatMoment } from "./format.ts";
import { createPage, type DashboardPage } from "./page.ts";
import { dashboardStyles } from "./theme.ts";

/** New numbers are shown at most this often. */
const LEAST_GAP_MS = 1000;
/** Plots and tables move on when nothing is measured, too. */
const IDLE_MS = 15_000;

// Where there are no elements, as on a server, the module can be loaded all the same.
const Base =
  (globalThis as { HTMLElement?: typeof HTMLElement }).HTMLElement ??
  (Object as unknown as typeof HTMLElement);

/** The element. It shows nothing before it has a `source` or `data`. */
export class VlmDashboard extends Base {
  #source: DashboardSource | undefined;
  #data: DashboardData | undefined;
  /** Whether what is shown comes from a file or from `show`, and not from the source. */
  #isFixed = false;
  #page: DashboardPage | undefined;
  #controls: Controls | undefined;
  #unsubscribe: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #readAt = 0;

  /** Where the numbers come from; they are shown as they change. */
  get source(): DashboardSource | undefined {
    return this.#source;
  }

  set source(source: DashboardSource | undefined) {
    this.#disconnect();
    this.#source = source;
    this.#isFixed = false;
    if (this.isConnected) this.#connect();
  }

  /** Shows this, until the source is set or chosen again. */
  show(data: DashboardData): void {
    this.#isFixed = true;
    this.#data = data;
    this.#render();
  }

  /**
   * Shows a snapshot that was copied as JSON.
   *
   * @throws {TypeError} when the text is no snapshot
   */
  showJson(text: string): void {
    this.show({ snapshot: parseSnapshot(text) });
  }

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [dashboardStyles()];
    this.#controls = createControls({
      onRange: () => {
        this.#isFixed = false;
        void this.#read();
      },
      onLive: () => {
        this.#isFixed = false;
        void this.#read();
      },
      onFile: (text) => {
        this.showJson(text);
      },
      json: () => (this.#data ? JSON.stringify(this.#data.snapshot, undefined, 2) : undefined),
    });
    this.#page = createPage({
      header: this.#controls.element,
      colourOf: (name) => getComputedStyle(this).getPropertyValue(name),
      acknowledge: (rule) => {
        this.#source?.acknowledge?.(rule);
        void this.#read();
      },
    });
    root.replaceChildren(this.#page.element);
    this.#connect();
  }

  disconnectedCallback(): void {
    this.#disconnect();
    this.#page?.destroy();
    this.#page = undefined;
    this.#controls = undefined;
  }

  #connect(): void {
    this.#unsubscribe = this.#source?.subscribe?.(() => {
      this.#schedule(LEAST_GAP_MS);
    });
    if (this.#source && !this.#isFixed) void this.#read();
    else this.#render();
  }

  #disconnect(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads again this long after the last time. */
  #schedule(gapMs: number): void {
    if (this.#isFixed || !this.isConnected) return;
    clearTimeout(this.#timer);
    const wait = Math.max(0, this.#readAt + gapMs - performance.now());
    this.#timer = setTimeout(() => void this.#read(), wait);
  }

  async #read(): Promise<void> {
    const source = this.#source;
    const controls = this.#controls;
    if (!source || !controls) {
      this.#render();
      return;
    }
    this.#readAt = performance.now();
    const data = await source.read(controls.rangeMs).catch((error: unknown) => {
      // What the app's own functions throw goes to the page's `error` event, and the dashboard asks again.
      reportError(error);
      return undefined;
    });
    if (source !== this.#source || this.#isFixed) return;
    if (data) {
      this.#data = data;
      this.#render();
    } else {
      controls.say("The numbers could not be read. The dashboard tries again.", true);
    }
    this.#schedule(IDLE_MS);
  }

  #render(): void {
    const controls = this.#controls;
    if (!controls) return;
    const canBeLive = this.#source !== undefined;
    controls.setState({ isFixed: this.#isFixed, canBeLive });
    if (!this.#data) {
      controls.say("There is nothing to show yet.");
      return;
    }
    const { createdAt, isPersistent } = this.#data.snapshot;
    const kept = isPersistent ? "" : ", not stored";
    controls.say(
      this.#isFixed
        ? `A snapshot of ${formatMoment(createdAt)}`
        : `Live, ${formatMoment(createdAt)}${kept}`,
    );
    this.#page?.update(this.#data, !this.#isFixed && this.#source?.acknowledge !== undefined);
  }
}

/** Makes the element known to the page. Calling it twice does no harm. */
export function defineVlmDashboard(name = "vlm-dashboard"): void {
  if (!customElements.get(name)) customElements.define(name, VlmDashboard);
}

declare global {
  interface HTMLElementTagNameMap {
    "vlm-dashboard": VlmDashboard;
  }
}
