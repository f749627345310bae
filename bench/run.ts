/** `npm run bench`: measures the kit beside transformers.js and writes what it found. See README.md. */

import { existsSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { format, resolveConfig } from "prettier";
import { build } from "vite";
import { buildTiny, repositoryPath } from "../tools/run.ts";
import { parseArguments, USAGE, UsageError, type Arguments } from "./arguments.ts";
import type { Graphics } from "./chromium.ts";
import {
  countOptions,
  describeConditions,
  describeCounted,
  listLeftOut,
  loadOptions,
} from "./conditions.ts";
import { fullSizeFolder } from "./full-size/models.ts";
import { writeFullSize } from "./full-size/write-full-size.ts";
import { writeSelfCheck } from "./full-size/write-self-check.ts";
import { findGraphics } from "./graphics.ts";
import { describeMachine, describeVersions } from "./machine.ts";
import type { LoadOptions } from "./page/engine.ts";
import { countOnGpu, measureLoad, measureTimes, wantsRows, wantsTimes } from "./plan.ts";
import { toMarkdown, toTables, type Report } from "./report.ts";
import { prepareProfile } from "./profile.ts";
import type { Group, Row } from "./row.ts";
import { startServer, type BenchServer } from "./server.ts";
import type { Setup } from "./session.ts";
import { tinyFolder } from "./tiny-files.ts";

const say = (line: string): void => {
  console.error(line);
};

try {
  const args = parseArguments(process.argv.slice(2));
  if (args === "help") console.log(USAGE);
  else await main(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message} See npm run bench -- --help.`);
  process.exitCode = 1;
}

async function main(args: Arguments): Promise<void> {
  await buildTiny("stderr");
  if (needsFullSize(args)) {
    const { device, model, form } = args;
    writeFullSize(device, say, { model, form });
    await writeSelfCheck({ folder: modelFolder(args), model, device }, say);
  }
  await build({ configFile: repositoryPath("bench/page/vite.config.ts"), logLevel: "error" });
  const tiny = tinyFolder(args.model, args.form);
  const server = await startServer({
    "/": repositoryPath(".cache/bench/pages/"),
    "/models/full-size/": modelFolder(args),
    "/models/tiny/": tiny,
  });
  try {
    await measure(args, server, [modelFolder(args), tiny].filter(existsSync));
  } finally {
    server.close();
  }
}

async function measure(
  args: Arguments,
  server: BenchServer,
  models: readonly string[],
): Promise<void> {
  const load = loadavg()[0]!.toFixed(1);
  const wants = (group: Group): boolean => wantsRows(args, group);
  const profile = prepareProfile(repositoryPath(".cache/bench"), models);
  const { browserArgs, isHeaded } = args;
  const chromiumOptions = { port: server.port, headed: isHeaded, args: browserArgs, profile };
  const setupFor = (graphics: Graphics, load: LoadOptions): Setup => ({
    chromium: { ...chromiumOptions, graphics },
    load,
    imageSizes: args.imageSizes,
    runs: args.runs,
    isQuick: args.isQuick,
    say,
  });

  const gpu =
    args.device === "webgpu" || wants("gpu") ? await findGraphics(chromiumOptions) : undefined;
  const canTime = args.device === "wasm" || gpu?.graphics === "hardware";
  const isTimed = canTime && wantsTimes(args);
  const rows: Row[] = [];
  const conditions: Record<string, string> = {};
  let chromium = "unknown";
  if (isTimed) {
    const setup = setupFor(
      gpu && args.device === "webgpu" ? gpu.graphics : "none",
      loadOptions(args, gpu),
    );
    const found = await measureTimes(setup, server, wants);
    chromium = found.chromium;
    if (found.sameAnswer) {
      const { isSame } = found.sameAnswer;
      conditions["same greedy answer from both engines, on the same files"] = isSame ? "yes" : "no";
    }
    if (wants("load")) rows.push(...(await measureLoad(setup)));
    rows.push(...found.rows);
  }
  if (gpu && wants("gpu")) {
    const loads = countOptions(args, gpu);
    const counted = await countOnGpu(setupFor(gpu.graphics, loads[0]!), loads);
    chromium = counted.chromium;
    rows.push(...counted.rows);
    conditions["counted on"] = describeCounted(args, gpu);
  }
  await write(args, {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    versions: describeVersions(chromium),
    conditions: { ...describeConditions(args), "load of the machine before": load, ...conditions },
    leftOut: listLeftOut(args, canTime),
    rows,
  });
}

/** Counting alone takes the embedded model, but on a graphics card. */
function needsFullSize(args: Arguments): boolean {
  return args.files === "random" && (wantsTimes(args) || args.device === "webgpu");
}

function modelFolder({ model, files, form }: Arguments): string {
  if (typeof files === "string") return fullSizeFolder(form, model);
  const folder = resolve(files.folder);
  if (!existsSync(`${folder}/config.json`)) {
    throw new UsageError("The model's folder has no config.json.");
  }
  return folder;
}

/** A full run replaces the committed results; any other one is kept in the cache folder only. */
async function write(args: Arguments, report: Report): Promise<void> {
  const { isQuick, model, files, rows, device, form } = args;
  const isWhole =
    !isQuick && files === "random" && rows === undefined && device === "wasm" && form === "own";
  const suffix = model === "fastvlm-0.5b" ? "" : `-${model}`;
  const folder = repositoryPath(isWhole ? "bench/" : ".cache/bench/");
  const settings = await resolveConfig(repositoryPath("package.json"));
  const save = async (name: string, text: string): Promise<void> => {
    writeFileSync(`${folder}${name}`, await format(text, { ...settings, filepath: name }));
  };
  await save(`results${suffix}.json`, JSON.stringify(report));
  await save(`RESULTS${suffix}.md`, toMarkdown(report));
  console.log(`${toTables(report.rows)}\n`);
  for (const line of report.leftOut) console.log(`Left out: ${line}`);
  console.log(
    `Written: ${isWhole ? "bench" : ".cache/bench"}/RESULTS${suffix}.md and results${suffix}.json`,
  );
}
