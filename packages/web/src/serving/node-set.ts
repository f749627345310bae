/** The nodes of a model, and how many calls each of them has. A call claims a node when its turn has come. */

import type { Claim } from "./call-queue.ts";
import { chooseNode, type SeatedNode } from "./choose-node.ts";
import type { Node, NodeCall } from "./node.ts";

/** A node that has a call now. */
export interface NodeClaim extends Claim {
  readonly node: Node;
}

/** Chooses the node for a call among those that have room for it; undefined lets the call wait. */
export type ChooseNode = (nodes: readonly SeatedNode[], call: NodeCall) => Node | undefined;

export class NodeSet {
  readonly #outstanding = new Map<Node, number>();
  readonly #choose: ChooseNode;

  constructor(choose: ChooseNode = chooseNode) {
    this.#choose = choose;
  }

  get nodes(): readonly Node[] {
    return [...this.#outstanding.keys()];
  }

  /** How many more calls could run now. */
  get free(): number {
    let free = 0;
    for (const [node, count] of this.#outstanding) free += Math.max(0, node.maxCalls - count);
    return free;
  }

  /** @throws {Error} when it has a node of that name already */
  add(node: Node): void {
    if (this.nodes.some(({ name }) => name === node.name)) {
      throw new Error(`Two nodes have the name "${node.name}"`);
    }
    this.#outstanding.set(node, 0);
  }

  /** Gives the node no more calls. Those that it has go on. */
  remove(node: Node): void {
    this.#outstanding.delete(node);
  }

  /** Gives the call to one of the nodes, if one that may take it has room for it. */
  claim(call: NodeCall): NodeClaim | undefined {
    const seated = [...this.#outstanding].map(([node, outstanding]) => ({ node, outstanding }));
    const node = this.#choose(seated, call);
    if (!node) return undefined;
    this.#count(node, 1);
    return {
      node,
      release: () => {
        this.#count(node, -1);
      },
    };
  }

  #count(node: Node, change: number): void {
    const count = this.#outstanding.get(node);
    if (count !== undefined) this.#outstanding.set(node, count + change);
  }
}
