/** The last calls, each with its stages as bars on one scale. */

import type { OpsSnapshot } from "../snapshot/snapshot.ts";
import { create, createTable } from "./elements.ts";
import { formatNumber, formatSeconds, formatTime } from "./format.ts";
import { STAGE_NAMES, toWaterfall } from "./waterfall.ts";

const MAX_CALLS = 20;

type EndedCall = OpsSnapshot["calls"][number];

export function toCallTable({ calls }: OpsSnapshot): HTMLElement {
  const shown = calls.slice(-MAX_CALLS).toReversed();
  const longest = Math.max(1, ...shown.map(({ durationMs }) => durationMs));
  const table = createTable({
    caption: `The last ${MAX_CALLS} calls`,
    columns: ["Time", "Took", "Stages", "Outcome", "Task", "Device", "Tokens"],
    rows: shown.map((call) => [
      formatTime(call.startedAt),
      formatSeconds(call.durationMs / 1000),
      toBars(call, longest),
      call.errorType ?? (call.result?.cached ? "remembered" : call.outcome),
      call.task,
      call.result?.device ?? "",
      call.result ? formatNumber(call.result.tokens.output) : "",
    ]),
    empty: "No call yet.",
  });
  return shown.length === 0 ? table : create("div", {}, toKey(), table);
}

function toBars(call: EndedCall, longestMs: number): HTMLElement {
  const segments = toWaterfall(call);
  const spoken = segments
    .map(({ stage, durationMs }) => `${stage} ${formatSeconds(durationMs / 1000)}`)
    .join(", ");
  const bars = segments.map(({ stage, startMs, durationMs }) => {
    const bar = create("i", { className: `stage-${STAGE_NAMES.indexOf(stage)}` });
    // Set by script, which a policy without inline styles allows.
    bar.style.insetInlineStart = `${(startMs / longestMs) * 100}%`;
    bar.style.inlineSize = `${(durationMs / longestMs) * 100}%`;
    bar.title = `${stage}: ${formatSeconds(durationMs / 1000)}`;
    return bar;
  });
  return create(
    "div",
    { className: "bars", attributes: { role: "img", "aria-label": spoken } },
    ...bars,
  );
}

function toKey(): HTMLElement {
  return create(
    "p",
    { className: "readout", attributes: { "aria-hidden": "true" } },
    ...STAGE_NAMES.map((name, number) =>
      create(
        "span",
        {},
        create("i", { className: `key stage-${number}` }),
        document.createTextNode(name),
      ),
    ),
  );
}
