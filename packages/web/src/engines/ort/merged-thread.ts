/**
 * Runs onnxruntime's threads if a bundler has merged ORT and the worker into one script. ORT starts its threads from the
 * script that contains it, and recognises a thread by its name. A script of ORT's own needs nothing more. In a merged
 * script, nothing would run ORT's part in the thread.
 *
 * Such a thread gets another name, because a merged script has three builds of ORT, and each would take the thread for its
 * own. Then the right build runs under the name that ORT looks for.
 */

import { importOrt } from "./load-ort.ts";
import type { OrtBuild, OrtSource } from "./ort-source.ts";

const PREFIX = "fastvlm-kit/thread/";

export function nameMergedThread(build: OrtBuild): string {
  return `${PREFIX}${build}`;
}

/** The build to which a thread with this name belongs; undefined for any other worker. */
export function buildOfMergedThread(name: string): OrtBuild | undefined {
  return name.startsWith(PREFIX) ? (name.slice(PREFIX.length) as OrtBuild) : undefined;
}

/**
 * Turns this worker into a thread.
 *
 * @throws if the bundler runs all parts of a script at once, so that ORT's part ran before this
 */
export async function runMergedThread(source: OrtSource, build: OrtBuild): Promise<void> {
  Object.defineProperty(self, "name", { value: "em-pthread" });
  await importOrt(source, build);
  if (self.onmessage) return;
  throw new Error(
    "onnxruntime's part of this script ran before it could be told that it is a thread.",
  );
}
