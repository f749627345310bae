/** What is said about remote nodes: servers beyond the device that may answer calls. */

/**
 * Where calls may be answered. `device-only`: on this device, and nothing leaves it. `prefer-device`: a node answers what
 * the device cannot. `prefer-remote`: the device answers what no node can. `remote-only`: nodes alone answer, and the model
 * is not loaded on the device.
 */
export type NodeMode = "device-only" | "prefer-device" | "prefer-remote" | "remote-only";

export const NODE_MODES: readonly NodeMode[] = [
  "device-only",
  "prefer-device",
  "prefer-remote",
  "remote-only",
];

/** Where an answer was computed. */
export type RanOn =
  | { readonly kind: "device" }
  | {
      readonly kind: "remote";
      /** The name of the node. */
      readonly node: string;
      /** Where the images and the prompt were sent. */
      readonly origin: string;
      /** Why: what the app has declared. */
      readonly purpose: string;
    };

/**
 * Why a node did not answer. `network`: no connection, a connection that broke, or a server that does not allow this page
 * (CORS); a page cannot tell these apart. `timeout`: nothing came for too long. `http-status`: an HTTP error. `redirect`: the
 * server sent the request elsewhere, where the kit sends no image and no key. `garbage`: an answer that is not one of the
 * API. `too-large`: an answer over the limits. `cut-short`: the answer ended before its end. `server-error`: the server
 * reported an error in its answer. `format`: the answer does not have the form that `format` asks for. `key`: the function
 * `apiKey` failed. `unsupported`: the node cannot do what the call asks for. `circuit-open`: the node failed repeatedly, and
 * is left alone for a while. `no-node`: there is no node.
 */
export type NodeFailure =
  | "network"
  | "timeout"
  | "http-status"
  | "redirect"
  | "garbage"
  | "too-large"
  | "cut-short"
  | "server-error"
  | "format"
  | "key"
  | "unsupported"
  | "circuit-open"
  | "no-node";

/** What is known of one node. */
export interface NodeReport {
  readonly name: string;
  readonly origin: string;
  readonly model: string;
  readonly purpose: string;
  readonly weight: number;
  /**
   * `unknown`: it was not asked yet. `healthy`, `unhealthy`: what its last health check or call said. `circuit-open`: calls
   * to it failed repeatedly, whatever its health check says; it gets one more after a while.
   */
  readonly state: "unknown" | "healthy" | "unhealthy" | "circuit-open";
  /** Why it is not healthy. */
  readonly reason: NodeFailure | undefined;
  /** Calls that run there now. */
  readonly outstanding: number;
  /** The moving average of the time to the first text, in milliseconds; undefined before the first answer. */
  readonly latencyMs: number | undefined;
}
