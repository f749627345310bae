/** Everything below the head of a dashboard, in sections that are filled again when there is something new. */

import type { DashboardData } from "./dashboard-source.ts";
import { create } from "./elements.ts";
import { createPlot, type Plot } from "./plot.ts";
import { readTrends } from "./trends.ts";
import { createAlertsView } from "./view-alerts.ts";
import { toCallTable } from "./view-calls.ts";
import {
  toCacheTable,
  toErrorTable,
  toHealthTable,
  toModelTable,
  toStageTable,
  toTiles,
  toWorkerTable,
} from "./view-numbers.ts";
import { toNodeTable, toScalingTable } from "./view-pool.ts";

export interface DashboardPage {
  readonly element: HTMLElement;
  update(data: DashboardData, canAcknowledge: boolean): void;
  destroy(): void;
}

export interface PageOptions {
  readonly header: HTMLElement;
  /** The value of a custom property as it is now. */
  readonly colourOf: (name: string) => string;
  readonly acknowledge: (rule: string) => void;
}

const SECTIONS: readonly (readonly [
  title: string,
  fill: (data: DashboardData) => HTMLElement,
  isWide?: true,
])[] = [
  ["Latency by stage", ({ snapshot }) => toStageTable(snapshot), true],
  ["The last calls", ({ snapshot }) => toCallTable(snapshot), true],
  ["Errors by code", ({ snapshot }) => toErrorTable(snapshot)],
  ["Health", ({ health }) => toHealthTable(health)],
  ["Caches", ({ snapshot }) => toCacheTable(snapshot)],
  ["Workers and queue", ({ snapshot }) => toWorkerTable(snapshot)],
  ["Scaling", toScalingTable],
  ["Nodes", toNodeTable],
  ["Storage by model", ({ models }) => toModelTable(models), true],
];

export function createPage({ header, colourOf, acknowledge }: PageOptions): DashboardPage {
  const alerts = createAlertsView(acknowledge);
  const tiles = create("section", { attributes: { "aria-label": "Most important numbers" } });
  const plots = create("section", { className: "plots", attributes: { "aria-label": "Plots" } });
  const sections = SECTIONS.map(([title, fill, isWide]) => {
    const content = create("div");
    const element = create(
      "section",
      { className: isWide ? "card wide" : "card" },
      create("h2", { textContent: title }),
      content,
    );
    return { element, content, fill };
  });
  const alertSection = create(
    "section",
    {},
    create("h2", { textContent: "Alerts" }),
    alerts.element,
  );
  const grid = create("div", { className: "grid" }, ...sections.map((section) => section.element));
  const element = create("main", {}, header, alertSection, tiles, plots, grid);
  const plotByTitle = new Map<string, Plot>();

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const redraw = (): void => {
    for (const plot of plotByTitle.values()) plot.redraw();
  };
  dark.addEventListener("change", redraw);

  return {
    element,
    update(data, canAcknowledge) {
      alerts.update(data.snapshot.alerts, canAcknowledge);
      tiles.replaceChildren(toTiles(data.snapshot));
      for (const trend of readTrends(data.snapshot)) {
        let plot = plotByTitle.get(trend.title);
        if (!plot) {
          plot = createPlot(trend.title, colourOf);
          plotByTitle.set(trend.title, plot);
          plots.append(plot.element);
        }
        plot.update(trend);
      }
      for (const { content, fill } of sections) replaceUnlessFocused(content, fill(data));
    },
    destroy() {
      dark.removeEventListener("change", redraw);
      for (const plot of plotByTitle.values()) plot.destroy();
    },
  };
}

/** A table that somebody reads with the keyboard keeps its place; it is filled again after they leave it. */
function replaceUnlessFocused(content: HTMLElement, next: HTMLElement): void {
  if (content.matches(":focus-within")) return;
  const scrolled = content.querySelector(".scroll")?.scrollLeft ?? 0;
  content.replaceChildren(next);
  const now = next.matches(".scroll") ? next : next.querySelector(".scroll");
  if (now && scrolled > 0) now.scrollLeft = scrolled;
}
