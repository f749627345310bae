/**
 * onnxruntime's threads where a bundler made one script of it and the worker. ORT starts its threads
 * from the script that it is part of, and knows by their name that they are threads. In a script of
 * its own that is all; in the worker's, nobody would run ORT's part there.
 *
 * Such a thread gets another name, so that ORT's builds, of which a merged script has three, do not
 * all take it for theirs. The one that it belongs to is run under the name that ORT looks for.
 */

import { importOrt, type OrtBuild } from "./load-ort.ts";

const PREFIX = "fastvlm-kit/thread/";

export function nameMergedThread(build: OrtBuild): string {
  return `${PREFIX}${build}`;
}

/** The build that a worker of this name is a thread of; undefined for any other worker. */
export function buildOfMergedThread(name: string): OrtBuild | undefined {
  return name.startsWith(PREFIX) ? (name.slice(PREFIX.length) as OrtBuild) : undefined;
}

/**
 * Makes a thread of this worker.
 *
 * @throws where the bundler runs all parts of a script at once, and so ORT's before this one
 */
export async function runMergedThread(build: OrtBuild): Promise<void> {
  Object.defineProperty(self, "name", { value: "em-pthread" });
  await importOrt(build);
  if (self.onmessage) return;
  throw new Error(
    "onnxruntime's part of this script ran before it could be told that it is a thread.",
  );
}
