/** One plot over the minutes: a line each, a readout for pointer and keyboard, and a table for those who see no canvas. */

import uPlot from "uplot";
import { createTable, create } from "./elements.ts";
import type { Trend } from "./trends.ts";

const HEIGHT = 180;
const MAX_TABLE_ROWS = 60;

export interface Plot {
  readonly element: HTMLElement;
  update(trend: Trend): void;
  /** Draws again, with the colours of now. */
  redraw(): void;
  destroy(): void;
}

/** @param colourOf the colour of the line with this number, as it is now */
export function createPlot(title: string, colourOf: (name: string) => string): Plot {
  const readout = create("p", { className: "readout" });
  const canvas = create("div", {
    className: "canvas",
    attributes: {
      tabindex: "0",
      role: "group",
      "aria-label": `${title}. The arrow keys read one minute after the other. The same numbers are in a table below.`,
    },
  });
  const table = create("div");
  const details = create("details", {}, create("summary", { textContent: "As a table" }), table);
  const caption = create("figcaption", {}, create("h3", { textContent: title }), readout);
  const element = create("figure", { className: "card plot" }, caption, canvas, details);

  let plot: uPlot | undefined;
  let trend: Trend | undefined;
  let index: number | undefined;

  const showReadout = (): void => {
    if (!trend) return;
    const shown = index ?? lastKnown(trend);
    readout.replaceChildren(...readAt(trend, shown));
  };

  const fill = (): void => {
    if (trend && details.open) table.replaceChildren(toTable(trend));
  };
  details.addEventListener("toggle", fill);

  canvas.addEventListener("keydown", (event) => {
    const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };
    const step = steps[event.key];
    if (step === undefined || !plot || !trend) return;
    event.preventDefault();
    const next = Math.min(trend.at.length - 1, Math.max(0, (index ?? lastKnown(trend)) + step));
    plot.setCursor({ left: plot.valToPos(trend.at[next]!, "x"), top: 0 });
  });

  const sizes = new ResizeObserver(() => {
    const width = canvas.clientWidth;
    if (plot && width > 0) plot.setSize({ width, height: HEIGHT });
  });

  return {
    element,
    update(next) {
      trend = next;
      const data = [next.at, ...next.lines.map(({ values }) => values)] as uPlot.AlignedData;
      if (plot) plot.setData(data);
      else {
        plot = new uPlot(
          toOptions(next, colourOf, (at) => {
            index = at;
            showReadout();
          }),
          data,
          canvas,
        );
        plot.root.setAttribute("aria-hidden", "true");
        sizes.observe(canvas);
      }
      showReadout();
      fill();
    },
    redraw() {
      plot?.redraw(false, true);
    },
    destroy() {
      sizes.disconnect();
      plot?.destroy();
      plot = undefined;
    },
  };
}

function toOptions(
  { lines, format }: Trend,
  colourOf: (name: string) => string,
  onCursor: (index: number | undefined) => void,
): uPlot.Options {
  const axis = (): uPlot.Axis => ({
    stroke: () => colourOf("--quiet"),
    grid: { stroke: () => colourOf("--line"), width: 1 },
    ticks: { stroke: () => colourOf("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
  });
  return {
    width: 320,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis(), space: 60, size: 32, values: (_, times) => times.map(toClock) },
      { ...axis(), size: 64, values: (_, values) => values.map((value) => format(value)) },
    ],
    series: [
      {},
      ...lines.map((line, number): uPlot.Series => ({
        label: line.label,
        stroke: () => colourOf(`--line-${number + 1}`),
        width: 2,
        spanGaps: false,
        points: { show: true, size: 5, fill: () => colourOf(`--line-${number + 1}`) },
        value: (_, value) => format(value),
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor }) => {
          onCursor(cursor.idx ?? undefined);
        },
      ],
    },
  };
}

/** The last minute in which anything was measured. */
function lastKnown({ at, lines }: Trend): number {
  const found = at.findLastIndex((_, index) => lines.some(({ values }) => values[index] !== null));
  return found === -1 ? at.length - 1 : found;
}

function readAt({ at, lines, format }: Trend, index: number): readonly Node[] {
  const time = at[index];
  return [
    create("span", { className: "quiet", textContent: time === undefined ? "" : toClock(time) }),
    ...lines.map(({ label, values }, number) =>
      create(
        "span",
        {},
        create("i", { className: `key line-${number + 1}`, attributes: { "aria-hidden": "true" } }),
        document.createTextNode(`${label} ${format(values[index] ?? undefined)}`),
      ),
    ),
  ];
}

function toTable({ title, at, lines, format }: Trend): HTMLElement {
  const rows = at
    .map((time, index) => ({ time, values: lines.map(({ values }) => values[index] ?? undefined) }))
    .filter(({ values }) => values.some((value) => value !== undefined))
    .slice(-MAX_TABLE_ROWS)
    .toReversed();
  return createTable({
    caption: `${title}: the last ${MAX_TABLE_ROWS} minutes with measurements`,
    columns: ["Minute", ...lines.map(({ label }) => label)],
    rows: rows.map(({ time, values }) => [toClock(time), ...values.map((value) => format(value))]),
  });
}

function toClock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  });
}
