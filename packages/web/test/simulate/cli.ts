/**
 * `npm run simulate [SEEDS]`: replays traces of calls through the policy of the pool, beside fixed numbers of workers and a
 * reactive rule, and prints a table for each kit; then calls to remote nodes through ways to choose one of them. Each figure
 * is the mean over the seeds of chance, 20 by default.
 */

import { resolveScaling } from "../../src/scaling/settings.ts";
import { EMBEDDED, FULL_SIZE, type Kit } from "./measured.ts";
import { createRandom } from "../random.ts";
import {
  atRandom,
  betterOfTwo,
  oneAfterTheOther,
  simulateRemote,
  type RemoteRule,
} from "./remote-choice.ts";
import { meanOf, toRemoteTable, toRow, toTable, type Row } from "./report.ts";
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

const HEDGED = { hedgeAfterMs: 1_000 };
const REMOTE_RULES: Readonly<Record<string, (random: () => number) => RemoteRule>> = {
  "at random": (random) => ({ choose: atRandom(random) }),
  "one after the other": () => ({ choose: oneAfterTheOther() }),
  "two at random, the better one": (random) => ({ choose: betterOfTwo(random) }),
  "at random, hedged after 1 s": (random) => ({ choose: atRandom(random), ...HEDGED }),
  "the better of two, hedged too": (random) => ({ choose: betterOfTwo(random), ...HEDGED }),
};

console.log(
  "\nThree remote nodes that answer in 210 to 390 ms; one of them is slow in half of the time\n",
);
console.log(toRemoteTable(timeRemote()));

/** How long the calls took, by rule and seed. */
function timeRemote(): ReadonlyMap<string, readonly (readonly number[])[]> {
  return new Map(
    Object.entries(REMOTE_RULES).map(([name, createRule]) => [
      name,
      Array.from({ length: SEEDS }, (_, seed) => {
        const random = createRandom(seed);
        return simulateRemote(createRule(random), random);
      }),
    ]),
  );
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
