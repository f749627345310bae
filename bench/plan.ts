/** Which rows a run measures, and the order they come in. */

import type { Arguments } from "./arguments.ts";
import type { LoadOptions } from "./page/engine.ts";
import type { BenchServer } from "./server.ts";
import { GROUPS, type Group, type Row } from "./row.ts";
import { countPictureCalls, countTokenCalls } from "./rows/gpu-counts.ts";
import { measureDecode } from "./rows/decode.ts";
import { measureFirstToken } from "./rows/first-token.ts";
import { measureLoad } from "./rows/load.ts";
import { measureRepeat } from "./rows/repeat.ts";
import { compareAnswers, type SameAnswer } from "./rows/same-answer.ts";
import { measureScriptBytes, type SentFiles } from "./rows/script-bytes.ts";
import { openBoth, type Engines, type Setup } from "./session.ts";

export function wantsRows({ rows }: Pick<Arguments, "rows">, group: Group): boolean {
  return rows?.includes(group) ?? true;
}

/** Whether anything is wanted beside counts. */
export function wantsTimes(args: Pick<Arguments, "rows">): boolean {
  return GROUPS.some((group) => group !== "gpu" && wantsRows(args, group));
}

export interface Findings {
  readonly rows: Row[];
  /** Undefined where it was left out. */
  readonly sameAnswer: SameAnswer | undefined;
  readonly chromium: string;
}

/** Everything that is timed, in one Chromium (but `load`, which wants fresh ones). */
export async function measureTimes(
  setup: Setup,
  server: BenchServer,
  wants: (group: Group) => boolean,
): Promise<Findings> {
  const { chromium, engines } = await openBoth(setup);
  const rows: Row[] = [];
  try {
    const sent = await fillCaches(setup, engines, server);
    const smallest = setup.imageSizes.at(-1)!;
    for (const imageSize of setup.imageSizes) {
      if (imageSize !== setup.imageSizes[0]) await loadFor(setup, engines, imageSize);
      if (wants("first-token")) rows.push(...(await measureFirstToken(setup, engines, imageSize)));
    }
    if (wants("text")) {
      for (const positions of setup.isQuick ? [300] : [300, 1000]) {
        rows.push(...(await measureDecode(setup, engines, positions)));
      }
    }
    if (wants("again")) rows.push(...(await measureRepeat(setup, engines, smallest)));
    if (wants("scripts")) rows.push(...measureScriptBytes(sent));
    let sameAnswer: SameAnswer | undefined;
    if (!setup.isQuick && wants("same-answer")) {
      // Last of all: the kit's own encoder is rounded otherwise, and random weights hide nothing.
      await loadFor(setup, engines, smallest, { runsFilesAsTheyAre: true });
      sameAnswer = await compareAnswers(setup, engines, smallest);
    }
    return { rows, sameAnswer, chromium: chromium.version };
  } finally {
    await chromium.close();
  }
}

/** In browsers of its own, with the caches filled by {@link measureTimes}. */
export { measureLoad };

/** On the GPU that there is; software counts as well as hardware does. Once for each of `loads`. */
export async function countOnGpu(
  setup: Setup,
  loads: readonly LoadOptions[],
): Promise<{ rows: Row[]; chromium: string }> {
  const { chromium, engines } = await openBoth(setup);
  const rows: Row[] = [];
  try {
    for (const load of loads) {
      for (const engine of Object.values(engines)) {
        setup.say(`loading ${engine.name} to count at ${load.imageSize} px`);
        await engine.dispose();
        await engine.load(load);
      }
      // What a token takes does not depend on the picture's size.
      if (load === loads[0]) rows.push(...(await countTokenCalls(engines)));
      if (!setup.isQuick) rows.push(...(await countPictureCalls(engines, load.imageSize)));
    }
    return { rows, chromium: chromium.version };
  } finally {
    await chromium.close();
  }
}

/**
 * Loads both for the first size: afterwards all files are in the engines' caches too. Gives what each
 * page asked for.
 */
async function fillCaches(setup: Setup, engines: Engines, server: BenchServer): Promise<SentFiles> {
  const sentTo = async (name: keyof Engines): Promise<BenchServer["sent"]> => {
    const engine = engines[name];
    const before = server.sent.length;
    await engine.reload();
    const { totalMs, variant } = await engine.load({
      ...setup.load,
      imageSize: setup.imageSizes[0]!,
    });
    setup.say(`first load of ${name}: ${Math.round(totalMs)} ms (${variant})`);
    return server.sent.slice(before);
  };
  return { kit: await sentTo("kit"), transformers: await sentTo("transformers") };
}

async function loadFor(
  setup: Setup,
  engines: Engines,
  imageSize: number,
  how: Pick<LoadOptions, "runsFilesAsTheyAre"> = {},
): Promise<void> {
  for (const engine of [engines.kit, engines.transformers]) {
    await engine.dispose();
    const { totalMs } = await engine.load({ ...setup.load, ...how, imageSize });
    setup.say(`load ${engine.name} for ${imageSize} px: ${Math.round(totalMs)} ms`);
  }
}
