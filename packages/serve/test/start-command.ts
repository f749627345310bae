/** Starts the command `fastvlm-serve` from the sources, as a process of its own. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface RunningCommand extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildProcess;
  /** All that it has written to its standard error. */
  readonly log: () => string;
  /** Ends it, and resolves to its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Resolves when it listens, on a free port. Its cache is a new folder, unless `args` name one. */
export async function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningCommand> {
  const cache = mkdtempSync(join(tmpdir(), "fastvlm-serve-"));
  const child = spawnCommand(["--port", "0", "--cache-dir", cache, ...args], environment);
  child.once("exit", () => {
    rmSync(cache, { recursive: true, force: true });
  });
  let log = "";
  child.stderr!.on("data", (text: Buffer) => (log += text.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    let output = "";
    child.stdout!.on("data", (text: Buffer) => {
      output += text.toString();
      const found = /listening on (\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", () => {
      reject(new Error(`fastvlm-serve ended before it listened: ${log}`));
    });
  });
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
    if (child.exitCode !== null) return child.exitCode;
    const ended = once(child, "exit");
    child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  };
  return {
    url,
    process: child,
    log: () => log,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

function spawnCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const loader = ["--import", here("./tsx-in-threads.js")];
  const condition = ["--conditions", "@fastvlm-kit/source"];
  return spawn(
    process.execPath,
    [...loader, ...condition, here("../bin/fastvlm-serve.js"), ...args],
    { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] },
  );
}
