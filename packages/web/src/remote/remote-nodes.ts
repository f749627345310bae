/** All remote nodes of an app: which of them gets a call, and whether the device does. */

import type { RemoteNodeDescription, RemoteNodes, RemoteNodesOptions } from "../api/remote.ts";
import type { ImageLimits } from "../image/limits.ts";
import type { NodeMode, NodeReport } from "../protocol/remote.ts";
import { read } from "../schema/read.ts";
import { remoteNodesOptions } from "../schema/remote-options.ts";
import type { ConnectableNodes, Route, RouteContext } from "../serving/route.ts";
import { createEncodeImage, type EncodeImage } from "./encode-image.ts";
import { HealthChecks } from "./health-checks.ts";
import { resolveNode } from "./node-settings.ts";
import { RemoteNode } from "./remote-node.ts";
import { RemoteRoute } from "./remote-route.ts";
import { createSentImages } from "./sent-images.ts";

const CHECK_EVERY_MS = 30_000;

/**
 * Puts nodes together for `createVlm({ remote, network: "any" })`. Nothing is sent before a call is made whose mode allows it.
 *
 * @throws {TypeError} when an option is unknown or has a value that it may not have, or two nodes have one name
 * @example
 * const remote = remoteNodes({ mode: "prefer-device", nodes: [node] });
 * const vlm = await createVlm({ worker, model, remote, network: "any" });
 */
export function remoteNodes(options: RemoteNodesOptions): RemoteNodes {
  return new RemoteNodeSet(options);
}

/** @param encode makes images ready for nodes; tests in Node, which has no canvas, bring their own */
export class RemoteNodeSet implements ConnectableNodes {
  readonly mode: NodeMode;
  readonly hedgeAfterMs: number | undefined;
  readonly #nodes = new Map<string, RemoteNode>();
  readonly #routes = new Set<RemoteRoute>();
  readonly #checks: HealthChecks;
  readonly #encodeFor: (limits: ImageLimits) => EncodeImage;

  constructor(given: RemoteNodesOptions, encodeFor = createEncodeImage) {
    const options = read(remoteNodesOptions, given, "options");
    this.mode = options.mode;
    this.hedgeAfterMs = options.hedgeAfterMs;
    this.#encodeFor = encodeFor;
    this.#checks = new HealthChecks(options.checkEveryMs ?? CHECK_EVERY_MS, () => this.nodes);
    for (const node of given.nodes) this.registerNode(node);
  }

  get nodes(): readonly RemoteNode[] {
    return [...this.#nodes.values()];
  }

  registerNode(description: RemoteNodeDescription): void {
    const settings = resolveNode(description);
    const { name } = settings;
    if (this.#nodes.has(name)) {
      throw new TypeError(
        `Expected \`name\` to differ from that of other nodes, got "${name}" twice`,
      );
    }
    const node = new RemoteNode(settings, (changed) => {
      for (const route of this.#routes) route.noteChanged(changed.report());
    });
    this.#nodes.set(name, node);
    for (const route of this.#routes) route.noteFreed();
  }

  removeNode(name: string): boolean {
    return this.#nodes.delete(name);
  }

  listNodes(): readonly NodeReport[] {
    return this.nodes.map((node) => node.report());
  }

  connect(context: RouteContext): Route {
    const images = createSentImages(this.#encodeFor(context.imageLimits));
    const route = new RemoteRoute(this, context, {
      images,
      onCall: () => {
        this.#checks.noteCall();
      },
      onDisposed: () => {
        this.#routes.delete(route);
        if (this.#routes.size === 0) this.#checks.stop();
      },
    });
    this.#routes.add(route);
    return route;
  }
}
