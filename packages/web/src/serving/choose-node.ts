/** Decides which node a call goes to. */

import type { Node, NodeCall } from "./node.ts";

/** A node, and how many calls it has now. */
export interface SeatedNode {
  readonly node: Node;
  readonly outstanding: number;
}

/**
 * Takes the node with the least outstanding calls; of equals, the one that has done most of the call's work before. A node
 * that still has to start takes a call only if no other is loaded, not even a busy one.
 */
export function chooseNode(nodes: readonly SeatedNode[], call: NodeCall): Node | undefined {
  const alive = nodes.filter(({ node }) => node.state.phase !== "lost");
  const loaded = alive.filter(({ node }) => node.state.phase === "loaded");
  const open = (loaded.length > 0 ? loaded : alive).filter(
    ({ node, outstanding }) => outstanding < node.maxCalls,
  );
  const weighed = open.map((seat) => ({ ...seat, known: seat.node.knownShareOf(call) }));
  weighed.sort((a, b) => a.outstanding - b.outstanding || b.known - a.known);
  return weighed[0]?.node;
}
