/**
 * An app as its developer has it: a fresh folder outside this repository, with the packages installed from their tarballs.
 * Its sources are in a folder beside this file.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where `packages.setup.ts` puts the tarballs. */
export const PACKED_FOLDER = here("../../.cache/e2e/packed/");

/** The packages that a browser's app installs. From a registry, the third would come by itself. */
const PACKAGES = ["web", "tiny", "onnx"];

const MINUTE_MS = 60_000;

export interface App {
  readonly folder: string;
  /** Runs a command in the app, and resolves to what it printed; that is part of the error when the command fails. */
  readonly run: (command: string, ...args: string[]) => Promise<string>;
  /** Starts a program of the app that listens on a port. Resolves when it answers. */
  readonly start: (program: string, args: (port: number) => string[]) => Promise<Running>;
  readonly remove: () => void;
}

interface Running {
  readonly origin: string;
  readonly stop: () => Promise<void>;
}

/** Copies the app of that name, and installs what it needs. */
export async function installApp(name: string): Promise<App> {
  const app = createApp(here(`${name}/`));
  await timed(`${name}: install`, () =>
    app.run("npm", "install", "--no-audit", "--no-fund", ...listTarballs()),
  );
  return app;
}

/** A copy of a folder, with nothing installed. */
export function createApp(template: string): App {
  const folder = mkdtempSync(join(tmpdir(), "fastvlm-app-"));
  cpSync(template, folder, { recursive: true });
  return {
    folder,
    async run(command, ...args) {
      const options = { cwd: folder, env: toEnvironment(), timeout: 10 * MINUTE_MS };
      return (await promisify(execFile)(command, args, options)).stdout;
    },
    start: (program, args) => startProgram(folder, program, args),
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Says how many seconds something took. */
export async function timed<Value>(what: string, run: () => Promise<Value>): Promise<Value> {
  const start = performance.now();
  const value = await run();
  console.log(`${what}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return value;
}

function listTarballs(): string[] {
  const names = readdirSync(PACKED_FOLDER);
  return PACKAGES.map((name) => {
    const tarball = names.find((file) => file.startsWith(`fastvlm-kit-${name}-`));
    return join(PACKED_FOLDER, tarball!);
  });
}

function toEnvironment(): NodeJS.ProcessEnv {
  // npm tells its children about the repository that it was started in, and Vite, which built the
  // test pages, says production, where npm leaves out the compiler.
  const env = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|INIT_CWD$|NODE_ENV$)/.test(name),
  );
  // Nobody is there to answer questions, and nothing is to be reported.
  const quiet = { CI: "1", NEXT_TELEMETRY_DISABLED: "1", NG_CLI_ANALYTICS: "false" };
  return { ...Object.fromEntries(env), ...quiet };
}

async function startProgram(
  folder: string,
  program: string,
  args: (port: number) => string[],
): Promise<Running> {
  const port = await findPort();
  const child = spawn(join(folder, "node_modules/.bin", program), args(port), {
    cwd: folder,
    env: toEnvironment(),
    // A group of its own: what it starts ends with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const origin = `http://localhost:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) process.kill(-child.pid!);
    await ended;
  };
  const deadline = Date.now() + MINUTE_MS;
  while (!(await answers(origin))) {
    if (child.exitCode === null && Date.now() < deadline) continue;
    await stop();
    throw new Error(`${program} did not start:\n${output}`);
  }
  return { origin, stop };
}

async function answers(origin: string): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  return fetch(origin).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A port that was free a moment ago. */
async function findPort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
