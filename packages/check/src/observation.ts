/** What was observed of a deployed app. The checks see nothing else, so that each of them can be tested with plain data. */

/** A visit to the app: its page in a browser, and each of its files asked for once more by itself. */
export interface Observation {
  /** The address that was to be checked. */
  readonly url: string;
  /** Undefined when the page did not answer; then {@link Observation.failure} says why. */
  readonly page: PageState | undefined;
  readonly failure: string | undefined;
  readonly files: readonly ObservedFile[];
  readonly problems: readonly Problem[];
  readonly offline: OfflineState;
}

export interface PageState {
  /** Where redirects have led. */
  readonly url: string;
  readonly isSecureContext: boolean;
  readonly isCrossOriginIsolated: boolean;
  /** Dedicated workers that ran at the end of the visit, and before. */
  readonly workers: number;
  /** Policies in `meta` elements. */
  readonly metaPolicies: readonly string[];
  /** What the page shows of the kit in `globalThis.fastvlm`; undefined where it shows nothing. */
  readonly kit: KitState | undefined;
}

export interface KitState {
  readonly support?: { readonly isSupported: boolean; readonly missing: readonly string[] };
  readonly health?: {
    readonly status: "pass" | "warn" | "fail";
    /** Names of checks with another status than `pass`. */
    readonly notPassed: readonly string[];
  };
  /** Why it could not be asked. */
  readonly failure?: string;
}

/** What a file is for. `weights` are large, and asked for in ranges; `model` are the other files of a model. */
export type FileKind =
  "page" | "script" | "wasm" | "style" | "weights" | "model" | "service-worker" | "other";

export interface ObservedFile {
  readonly url: string;
  readonly kind: FileKind;
  /** Whether it has the origin of the page. */
  readonly isOwn: boolean;
  /** The answer to a request as a browser makes it, which takes compressed bytes. Undefined when there was none. */
  readonly whole: Answer | undefined;
  /** The answer to a request for the first 16 bytes; for the kinds `weights` and `model`. */
  readonly range: Answer | undefined;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first bytes, as text in Latin-1; at least 16 where there are as many. */
  readonly beginning: string;
}

/** Something that went wrong in the page. */
export interface Problem {
  readonly type: "exception" | "console-error" | "request-failed" | "policy-violation";
  readonly message: string;
}

export interface OfflineState {
  readonly serviceWorker: "none" | "active" | "stuck";
  /** What a visit without a network showed; undefined where there is no service worker. */
  readonly reload: { readonly isShown: boolean; readonly failed: readonly string[] } | undefined;
}
