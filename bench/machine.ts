/** What the numbers were measured on and with. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem, type } from "node:os";
import { dirname, join } from "node:path";
import { repositoryPath } from "../tools/run.ts";

/** One line: processor, cores, memory, system. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${availableParallelism()} cores, ${gigabytes} GB, ${type()}`;
}

/** Versions of everything that decides the numbers. */
export function describeVersions(chromium: string): Record<string, string> {
  return {
    kit: `${versionAt(repositoryPath("packages/web/package.json"))}${commit()}`,
    "transformers.js": versionOf("@huggingface/transformers"),
    "onnxruntime-web": versionOf("onnxruntime-web"),
    Chromium: chromium,
    Node: process.version.slice(1),
  };
}

/** The commit that the kit's source is at, where git knows. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: repositoryPath(""), stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  try {
    const changed = git("status", "--porcelain", "--", "packages/web") === "" ? "" : ", changed";
    return ` (${git("log", "-1", "--format=%h", "--", "packages/web")}${changed})`;
  } catch {
    return ""; // A copy without its history.
  }
}

/** Found by its main file: a package need not export its package.json. */
function versionOf(name: string): string {
  const main = createRequire(repositoryPath("packages/web/package.json")).resolve(name);
  let folder = dirname(main);
  while (!folder.endsWith(name)) folder = dirname(folder);
  return versionAt(join(folder, "package.json"));
}

function versionAt(path: string): string {
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
