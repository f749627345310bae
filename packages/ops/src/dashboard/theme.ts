/** How a dashboard looks. A constructed style sheet, because a strict policy forbids `<style>`. */

/** What uPlot's elements need to lie on top of each other; its own file has rules for a legend too, which is not shown. */
const PLOT = `
.u-wrap { position: relative; user-select: none; }
.u-over, .u-under, .u-axis { position: absolute; }
.u-under { overflow: hidden; }
.uplot canvas { display: block; position: relative; inline-size: 100%; block-size: 100%; }
.u-select { position: absolute; pointer-events: none; }
.u-cursor-x, .u-cursor-y, .u-cursor-pt { position: absolute; inset: 0 auto auto 0; pointer-events: none; }
.u-hz .u-cursor-x { block-size: 100%; border-inline-end: 1px dashed var(--quiet); }
.u-cursor-pt { border-radius: 50%; border: 0 solid; background-clip: padding-box !important; }
.u-off { display: none; }
`;

const LIGHT = `
--page: #f6f5f1; --surface: #ffffff; --ink: #1d1f1c; --quiet: #5b5f57; --line: #dcd9cf; --control: #8a8d84;
--accent: #0f6b4f; --good: #0f6b4f; --warn: #8a5300; --bad: #a32419;
--line-1: #0f6b4f; --line-2: #b35c00; --line-3: #a32419;
--stage-0: #b9b6ab; --stage-1: #8f8c82; --stage-2: #4f86c6; --stage-3: #7fb0e0; --stage-4: #0f6b4f; --stage-5: #b35c00; --stage-6: #8a3ffc;
`;

const DARK = `
--page: #141614; --surface: #1d201d; --ink: #ecefe9; --quiet: #a9afa5; --line: #343933; --control: #777e74;
--accent: #6fd0a6; --good: #6fd0a6; --warn: #f0b35a; --bad: #ff9c8f;
--line-1: #6fd0a6; --line-2: #f0b35a; --line-3: #ff9c8f;
--stage-0: #565b55; --stage-1: #7d837b; --stage-2: #6ea0dd; --stage-3: #a7cbf0; --stage-4: #6fd0a6; --stage-5: #f0b35a; --stage-6: #b794f6;
`;

const LAYOUT = `
:host { display: block; container-type: inline-size; color-scheme: light dark; ${LIGHT}
  background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :host { ${DARK} } }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
main { max-inline-size: 1280px; margin-inline: auto; padding: 16px; display: grid; gap: 16px; }
main > *, .grid > *, .plots > * { min-inline-size: 0; }
h1, h2, h3, p, dl, dd, figure, ul { margin: 0; padding: 0; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-block-end: 8px; } h3 { font-size: 1rem; }
ul { list-style: none; }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
header > div:first-child { flex: 1 1 220px; }
.controls { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
button, select { font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--control);
  border-radius: 8px; padding: 6px 12px; min-block-size: 38px; }
button:hover { border-color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px; }
.quiet { color: var(--quiet); font-size: 0.87rem; }
.problem { color: var(--bad); }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); }
.tiles .card { padding-inline: 10px; }
.tiles dt { color: var(--quiet); font-size: 0.87rem; }
.tiles dd:nth-of-type(1) { font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.plots, .grid { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
@container (min-width: 760px) { .plots, .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); } .wide { grid-column: 1 / -1; } }
.plot figcaption { display: grid; gap: 4px; margin-block-end: 8px; }
.canvas { min-block-size: 180px; overflow: hidden; }
.readout { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 0.87rem; font-variant-numeric: tabular-nums; }
.key { display: inline-block; inline-size: 10px; block-size: 10px; border-radius: 3px; margin-inline-end: 6px; }
details { margin-block-start: 8px; } summary { cursor: pointer; color: var(--quiet); font-size: 0.87rem; }
.scroll { overflow-x: auto; position: relative; }
table { border-collapse: collapse; inline-size: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: start; padding: 6px 12px 6px 0; border-block-end: 1px solid var(--line); white-space: nowrap; font-weight: 400; }
td:last-child { white-space: normal; }
tbody tr:last-child > * { border-block-end: 0; }
@container (max-width: 559px) { .card { padding-inline: 10px; } table { font-size: 0.87rem; } th, td { padding-inline-end: 5px; } .grid tbody tr > :first-child { white-space: normal; } }
thead th { color: var(--quiet); font-size: 0.87rem; }
.alerts { display: grid; gap: 8px; }
.alert { display: flex; flex-direction: column; gap: 8px 16px; align-items: start; border-inline-start: 5px solid var(--quiet); }
@container (min-width: 560px) { .alert { flex-direction: row; align-items: center; } .alert > div { flex: 1; } }
.alert.warning { border-inline-start-color: var(--warn); } .alert.critical { border-inline-start-color: var(--bad); }
.alert.warning strong { color: var(--warn); } .alert.critical strong { color: var(--bad); }
.status::before { content: "●"; margin-inline-end: 6px; }
.status.pass { color: var(--good); } .status.warn { color: var(--warn); } .status.fail { color: var(--bad); }
.bars { position: relative; block-size: 16px; min-inline-size: 64px; background: var(--page); border-radius: 4px; overflow: hidden; }
@container (min-width: 760px) { .bars { min-inline-size: 260px; } }
.bars i { position: absolute; inset-block: 0; min-inline-size: 1px; }
@media (forced-colors: active) { .bars i, .key { forced-color-adjust: none; } }
`;

const KEYS = [1, 2, 3]
  .map((number) => `.line-${number} { background: var(--line-${number}); }`)
  .concat([0, 1, 2, 3, 4, 5, 6].map((n) => `.stage-${n} { background: var(--stage-${n}); }`))
  .join("\n");

let sheet: CSSStyleSheet | undefined;

/** One for all dashboards of the page. */
export function dashboardStyles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(PLOT + LAYOUT + KEYS);
  }
  return sheet;
}
