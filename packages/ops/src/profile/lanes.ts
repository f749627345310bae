/**
 * Spreads spans that overlap over lanes. In a trace file the spans of one thread may only contain each other: viewers drop
 * or move what crosses, and calls that wait for each other do cross.
 */

export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Returns the spans by their beginning, each in the first lane where it crosses no other. The first lane is 0. */
export function spreadOverLanes<Span extends Interval>(
  spans: readonly Span[],
): (Span & { readonly lane: number })[] {
  /** Of each lane the ends of the spans that are open, the outermost first. */
  const lanes: number[][] = [];
  const ordered = [...spans].sort((a, b) => a.start - b.start || b.end - a.end);
  return ordered.map((span) => {
    for (const open of lanes) while (open.length > 0 && open.at(-1)! <= span.start) open.pop();
    const found = lanes.findIndex((open) => open.length === 0 || open.at(-1)! >= span.end);
    const lane = found === -1 ? lanes.push([]) - 1 : found;
    lanes[lane]!.push(span.end);
    return { ...span, lane };
  });
}
