/** What ran where, and where the time of the last answer went. */

import type { Timings, VlmResult } from "@fastvlm-kit/web";
import { create, element, showFacts } from "../shared/elements.ts";
import type { LoadedModel } from "./model-slot.ts";
import { deviceInWords, fallbackInWords, millisecondsInWords } from "../shared/words.ts";

const STAGES: readonly (readonly [name: string, stage: Exclude<keyof Timings, "totalMs">])[] = [
  ["Queue", "queueMs"],
  ["Image decode", "imageDecodeMs"],
  ["Preprocess", "preprocessMs"],
  ["Vision", "visionMs"],
  ["Prefill", "prefillMs"],
  ["Decode", "decodeMs"],
];

export function reportRun({ vlm }: LoadedModel, result?: VlmResult): void {
  const { model, device, fallback } = result ?? vlm;
  showFacts(element("facts", HTMLElement), [
    ["Model", `${model.id}, ${model.variant}`],
    ["Device", deviceInWords(device)],
    ...(fallback ? [["Fallback", fallbackInWords(fallback)] as const] : []),
    ...(result ? factsOf(result) : []),
  ]);
  if (result) showTimings(result.timings);
}

function factsOf({ tokens, tokensPerSecond, cached }: VlmResult): (readonly [string, string])[] {
  return [
    ["Tokens", `${tokens.image + tokens.prompt} in, ${tokens.output} out`],
    ["Speed", tokensPerSecond > 0 ? `${tokensPerSecond.toFixed(0)} tokens/s` : "not measured"],
    ["Cached", cached ? "yes: times are of the look-up" : "no"],
  ];
}

function showTimings(timings: Timings): void {
  const longest = Math.max(1e-3, ...STAGES.map(([, stage]) => timings[stage]));
  const rows = STAGES.map(([name, stage]) => {
    const bar = create("span", { className: "bar" });
    // A custom property, set from script: the page's policy allows no style attributes.
    bar.style.setProperty("--share", String(timings[stage] / longest));
    return timingRow(name, timings[stage], bar);
  });
  element("timings", HTMLTableElement).tBodies[0]?.replaceChildren(
    ...rows,
    timingRow("Total", timings.totalMs),
  );
}

function timingRow(
  name: string,
  milliseconds: number,
  ...bar: readonly HTMLElement[]
): HTMLTableRowElement {
  const heading = Object.assign(create("th", { textContent: name }), { scope: "row" });
  const barCell = Object.assign(create("td", {}, ...bar), { ariaHidden: "true" });
  return create(
    "tr",
    {},
    heading,
    barCell,
    create("td", { textContent: millisecondsInWords(milliseconds) }),
  );
}
