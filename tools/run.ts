/** Runs the commands that the other tools are made of, from the repository's root. */

import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));

/** A path inside the repository. */
export const repositoryPath = (path: string): string => `${REPOSITORY}${path}`;

/** Where a command's output goes: with ours, all of it to stderr, or with ours only if it fails. */
type Output = "inherit" | "stderr" | "on-failure";

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly output?: Output;
  /** Leaves the processor to others that want it. */
  readonly isInBackground?: boolean;
}

/** Runs one command. Resolves to whether it succeeded. */
export function run(
  command: string,
  args: readonly string[],
  { env = {}, output = "inherit", isInBackground = false }: RunOptions = {},
): Promise<boolean> {
  const child = spawn(command, args, {
    cwd: REPOSITORY,
    stdio: ["inherit", STDOUT_OF[output], output === "on-failure" ? "pipe" : "inherit"],
    env: { ...process.env, ...env },
  });
  if (isInBackground && child.pid !== undefined)
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const held: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => held.push(chunk));
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) process.stderr.write(Buffer.concat(held));
      resolve(code === 0);
    });
  });
}

const STDOUT_OF = { inherit: "inherit", stderr: 2, "on-failure": "pipe" } as const;

/** Runs the command of an installed package: `node_modules/.bin/{name}`. */
export function runBin(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<boolean> {
  return run(`${REPOSITORY}node_modules/.bin/${name}`, args, options);
}

/** Brings the embedded model's files up to date; does nothing when they are. */
export async function buildTiny(output: Output = "inherit"): Promise<void> {
  const script = "packages/tiny/scripts/build-model.ts";
  const args = ["--import", "tsx", "--conditions", "@fastvlm-kit/source", script];
  if (await run(process.execPath, args, { output })) return;
  throw new Error("The embedded model could not be built; see above.");
}
