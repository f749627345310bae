/** From the arguments to the printed lines. */

import { statSync } from "node:fs";
import type { VlmResult } from "@fastvlm-kit/web";
import { HUB_MODEL, type Arguments } from "./arguments.ts";
import { openPage, PAGE_HOST } from "./browser-session.ts";
import { buildPage } from "./build-page.ts";
import { serveFiles } from "./file-server.ts";
import { describeFolder } from "./model-folder.ts";
import type { Failure, ModelChoice, Outcome } from "./page/page.ts";

/** Runs every file, or the one question without a file. Gives whether all of them were answered. */
export async function captionFiles(args: Arguments): Promise<boolean> {
  const model = chooseModel(args);
  const server = await serveFiles({
    host: PAGE_HOST,
    folders: { "/": await buildPage(), ...(model.kind === "folder" && { "/model/": args.model! }) },
    files: new Map(args.files.map((file, index) => [`/pictures/${index}`, file])),
  });
  let session;
  try {
    session = await openPage(server.port, args);
    const { page } = session;
    const loaded = await page.evaluate(
      ({ model, device }) => window.captioner.load(model, device),
      { model, device: args.device },
    );
    let isComplete = true;
    const report = (file: string | undefined, outcome: Outcome<VlmResult>): void => {
      if ("error" in outcome) isComplete = false;
      const loadMs = "value" in loaded ? loaded.value.loadMs : 0;
      print(args, file, outcome, loadMs);
    };
    const { files, prompt, preset } = args;
    const inputs = (files.length > 0 ? files : [undefined]).map((file, index) => {
      const failure = firstFailure(loaded, checkFile(file));
      return { file, failure, ...(file !== undefined && { url: `/pictures/${index}` }) };
    });
    const asked = inputs.filter(({ failure }) => !failure);
    let printed = 0;
    /** Reports the files up to this one, in their order. */
    const reportUpTo = (
      input: (typeof inputs)[number] | undefined,
      outcome?: Outcome<VlmResult>,
    ) => {
      for (; printed < inputs.length; printed++) {
        const { file, failure } = inputs[printed]!;
        if (failure) report(file, failure);
        else if (inputs[printed] === input && outcome) report(file, outcome);
        else return;
      }
    };
    if (asked.length > 0 && prompt === undefined) {
      await page.exposeFunction("reportCaption", (index: number, outcome: Outcome<VlmResult>) => {
        reportUpTo(asked[index], outcome);
      });
      const urls = asked.flatMap(({ url }) => url ?? []);
      await page.evaluate((many) => window.captioner.captionAll(many.urls, many.preset), {
        urls,
        preset,
      });
    } else {
      for (const input of asked) {
        const question = {
          prompt: prompt ?? "",
          ...(input.url !== undefined && { url: input.url }),
        };
        const outcome = await page.evaluate((one) => window.captioner.ask(one), question);
        reportUpTo(input, outcome);
      }
    }
    reportUpTo(undefined);
    return isComplete;
  } finally {
    await session?.close();
    server.close();
  }
}

function chooseModel({ model, acceptLicense }: Arguments): ModelChoice {
  if (model === undefined) return { kind: "tiny" };
  if (model === HUB_MODEL) return { kind: "hub", acceptLicense };
  return { kind: "folder", descriptor: describeFolder(model, "/model") };
}

/** What the disk itself refuses, before the SDK sees it. */
function checkFile(file: string | undefined): Outcome<unknown> {
  if (file === undefined) return { value: undefined };
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return { error: { code: "file-not-found", message: "There is no such file." } };
  if (!found.isFile()) return { error: { code: "file-not-found", message: "This is not a file." } };
  return { value: undefined };
}

function firstFailure(...outcomes: readonly Outcome<unknown>[]): { error: Failure } | undefined {
  return outcomes.find((outcome): outcome is { error: Failure } => "error" in outcome);
}

function print(
  { json }: Arguments,
  file: string | undefined,
  outcome: Outcome<VlmResult>,
  loadMs: number,
): void {
  if ("error" in outcome) {
    const { code, message }: Failure = outcome.error;
    console.error(`${prefix(file)}${code}: ${message}`);
    if (json) console.log(JSON.stringify({ file: file ?? null, error: { code, message } }));
    return;
  }
  const { text, model, device, fallback, cached, timings, tokens } = outcome.value;
  if (!json) {
    console.log(`${prefix(file)}${text}`);
    return;
  }
  const line = {
    file: file ?? null,
    text,
    model: model.id,
    device,
    fallbackReason: fallback?.reason ?? null,
    cached,
    timings: {
      loadMs,
      decodeMs: timings.imageDecodeMs,
      preprocessMs: timings.preprocessMs,
      visionMs: timings.visionMs,
      prefillMs: timings.prefillMs,
      generateMs: timings.decodeMs,
      totalMs: timings.totalMs,
    },
    tokens: { image: tokens.image, prompt: tokens.prompt, output: tokens.output },
  };
  console.log(JSON.stringify(line));
}

function prefix(file: string | undefined): string {
  return file === undefined ? "" : `${file}: `;
}
