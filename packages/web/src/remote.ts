/**
 * Remote nodes: servers with an OpenAI-compatible API that answer what a device cannot. Images and prompts leave the device
 * for them, so that an app has to ask for it in three places: it imports this entry, it declares a purpose for each node, and
 * it says `network: "any"`.
 *
 * @module
 */

export { remoteNode } from "./remote/node-settings.ts";
export { remoteNodes } from "./remote/remote-nodes.ts";
export type {
  RemoteNodeDescription,
  RemoteNodeOptions,
  RemoteNodes,
  RemoteNodesOptions,
  RemoteServer,
  RemoteTimeouts,
} from "./api/remote.ts";
export type { NodeFailure, NodeMode, NodeReport, RanOn } from "./protocol/remote.ts";
