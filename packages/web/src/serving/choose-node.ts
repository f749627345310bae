/** Decides which node a call goes to. */

import type { Node, NodeCall } from "./node.ts";

/** A node, and how many calls it has now. */
export interface SeatedNode {
  readonly node: Node;
  readonly outstanding: number;
}

/**
 * Takes the node with the least outstanding calls; of equals, the one that has done most of the call's work before. A node
 * that still has to start takes a call only if no other is loaded, not even a busy one. A question about an open image goes
 * where the image is open.
 */
export function chooseNode(nodes: readonly SeatedNode[], call: NodeCall): Node | undefined {
  const alive = nodes.filter(({ node }) => node.state.phase !== "lost");
  const loaded = alive.filter(({ node }) => node.state.phase === "loaded");
  const starting = alive.filter(({ node }) => node.state.phase === "starting");
  const homes = loaded.filter(({ node }) => node.keepsOpen?.(call) === true);
  const open = firstOf(homes, loaded, starting, alive).filter(
    ({ node, outstanding }) => outstanding < node.maxCalls,
  );
  const weighed = open.map((seat) => ({ ...seat, known: seat.node.knownShareOf(call) }));
  weighed.sort((a, b) => a.outstanding - b.outstanding || b.known - a.known);
  return weighed[0]?.node;
}

/** The first list that is not empty. */
function firstOf<T>(...lists: readonly (readonly T[])[]): readonly T[] {
  return lists.find(({ length }) => length > 0) ?? [];
}
