/**
 * `npm run simulate [SEEDS]`: replays traces of calls through the policy of the pool, beside fixed numbers of workers and a
 * reactive rule, and prints a table for each kit. Each figure is the mean over the seeds of chance, 20 by default.
 */

import { resolveScaling } from "../../src/scaling/settings.ts";
import { EMBEDDED, FULL_SIZE, type Kit } from "./measured.ts";
import { meanOf, toRow, toTable, type Row } from "./report.ts";
import { createFixed, createPolicy, createReactive, type Rule } from "./rules.ts";
import { simulate } from "./simulate.ts";
import { createTraces } from "./traces.ts";

const MAX = 4;
const SEEDS = Number(process.argv[2] ?? 20);

const settings = resolveScaling({ min: 1, max: MAX });
const RULES: readonly (() => Rule)[] = [
  () => createFixed(1),
  () => createFixed(MAX),
  () => createReactive(settings),
  () => createPolicy({ ...settings, prediction: "none" }, "the kit's, without prediction"),
  () => createPolicy(settings),
];

for (const kit of [EMBEDDED, FULL_SIZE]) {
  const { name, meanMs, startMs } = kit;
  console.log(
    `\n${name}: a call takes ${meanMs.toFixed(0)} ms, a start ${startMs.toFixed(0)} ms\n`,
  );
  console.log(toTable(compare(kit)));
}

function compare(kit: Kit): ReadonlyMap<string, readonly Row[]> {
  const all = Array.from({ length: SEEDS }, (_, seed) => createTraces(kit, seed));
  const names = all[0]!.map(({ name }) => name);
  const machine = { startMs: kit.startMs, ceiling: MAX, min: settings.min };
  return new Map(
    names.map((name, index) => [
      name,
      RULES.map((createRule) =>
        meanOf(
          all.map((traces) => {
            const rule = createRule();
            return toRow(rule.name, simulate(traces[index]!.calls, rule, machine));
          }),
        ),
      ),
    ]),
  );
}
