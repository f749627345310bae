/**
 * Chooses the node for a call: of two that chance picks, the one that will probably answer sooner (Mitzenmacher, "The Power
 * of Two Choices", 2001). Taking the best of all would send all pages to the same node at once.
 */

/** What is compared. */
export interface Rated {
  readonly weight: number;
  /** Calls that run there now. */
  readonly outstanding: number;
  readonly latencyMs: number | undefined;
}

/** A node that was never heard of is tried once. While it has not answered, the others come first. */
const UNKNOWN_MS = 60_000;

/** @param random returns a number from 0 to below 1 */
export function chooseRemote<Node extends Rated>(
  nodes: readonly Node[],
  random: () => number = Math.random,
): Node | undefined {
  if (nodes.length < 2) return nodes[0];
  const first = Math.floor(random() * nodes.length);
  const step = 1 + Math.floor(random() * (nodes.length - 1));
  const one = nodes[first]!;
  const other = nodes[(first + step) % nodes.length]!;
  return loadOf(other) < loadOf(one) ? other : one;
}

/** How long a call would probably take there, if all calls before it took as long as the average. */
function loadOf({ weight, outstanding, latencyMs }: Rated): number {
  const unknown = outstanding === 0 ? 0 : UNKNOWN_MS;
  return ((latencyMs ?? unknown) * (outstanding + 1)) / weight;
}
