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
  /** Nodes that get no more calls, and what to do when they have none. */
  readonly #leaving = new Map<Node, () => void>();
  readonly #choose: ChooseNode;

  constructor(choose: ChooseNode = chooseNode) {
    this.#choose = choose;
  }

  /** Those that get calls. */
  get nodes(): readonly Node[] {
    return [...this.#outstanding.keys()].filter((node) => !this.#leaving.has(node));
  }

  /** Those of them that have calls now. */
  get busy(): readonly Node[] {
    return this.nodes.filter((node) => this.#outstanding.get(node) !== 0);
  }

  /** How many calls a node has now. */
  outstandingOf(node: Node): number {
    return this.#outstanding.get(node) ?? 0;
  }

  /** How many more calls could run now. */
  get free(): number {
    return this.#seated
      .filter(({ node }) => node.state.phase !== "lost")
      .reduce((sum, { node, outstanding }) => sum + Math.max(0, node.maxCalls - outstanding), 0);
  }

  /** @throws {Error} when it has a node of that name already */
  add(node: Node): void {
    if (this.nodes.some(({ name }) => name === node.name)) {
      throw new Error(`Two nodes have the name "${node.name}"`);
    }
    this.#outstanding.set(node, 0);
  }

  /** Gives the node no more calls. Resolves when those that it has have ended. */
  remove(node: Node): Promise<void> {
    return new Promise((resolve) => {
      this.#leaving.set(node, resolve);
      this.#count(node, 0);
    });
  }

  /** Gives the call to one of the nodes, if one that may take it has room for it. */
  claim(call: NodeCall): NodeClaim | undefined {
    const node = this.#choose(this.#seated, call);
    if (!node) return undefined;
    this.#count(node, 1);
    return {
      node,
      release: () => {
        this.#count(node, -1);
      },
    };
  }

  get #seated(): readonly SeatedNode[] {
    return this.nodes.map((node) => ({ node, outstanding: this.#outstanding.get(node) ?? 0 }));
  }

  #count(node: Node, change: number): void {
    const count = (this.#outstanding.get(node) ?? 0) + change;
    this.#outstanding.set(node, count);
    const hasLeft = count === 0 ? this.#leaving.get(node) : undefined;
    if (!hasLeft) return;
    this.#outstanding.delete(node);
    this.#leaving.delete(node);
    hasLeft();
  }
}
