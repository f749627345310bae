/** Debian's nginx with the configuration of `deploy/`, and the built installable app behind it. */

import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect } from "./fixtures.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface NginxServer {
  readonly origin: string;
  /** The folder that is served. */
  readonly app: string;
  close(): void;
}

/** Serves the app, and the embedded model as weights below `/models/tiny/1/`. Only the port differs from `deploy/nginx`. */
export async function startNginx(): Promise<NginxServer> {
  installNginx();
  const prefix = mkdtempSync(join(tmpdir(), "fastvlm-nginx-"));
  const app = join(prefix, "app");
  chmodSync(prefix, 0o755); // As root, nginx reads as a user without rights.
  cpSync(here("../deploy/nginx"), join(prefix, "nginx"), { recursive: true });
  cpSync(here("../.cache/e2e/pwa"), app, { recursive: true });
  cpSync(here("../packages/tiny/model"), join(app, "models/tiny/1"), { recursive: true });
  compress(app);
  const port = await findPort();
  const origin = `http://127.0.0.1:${String(port)}`;
  const site = join(prefix, "nginx/site.conf");
  writeFileSync(site, readFileSync(site, "utf8").replace("listen 8080", `listen ${String(port)}`));
  const args = ["-p", prefix, "-c", join(prefix, "nginx/nginx.conf"), "-g", "daemon off;"];
  const nginx = spawn("nginx", args, { stdio: ["ignore", "inherit", "inherit"] });
  await expect.poll(() => isServing(origin), { timeout: 10_000 }).toBe(true);
  return {
    origin,
    app,
    close() {
      nginx.kill("SIGQUIT");
      rmSync(prefix, { recursive: true, force: true });
    },
  };
}

/** As root on Debian it is installed, like the browser; else whoever runs the test has it. */
function installNginx(): void {
  if (spawnSync("nginx", ["-v"]).status === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "nginx-light"],
  ]) {
    const { status } = spawnSync("apt-get", args, { env, stdio: "inherit" });
    if (status !== 0) throw new Error("Install nginx: its tests need it, and apt-get could not.");
  }
}

/** Writes `X.gz` beside each file that compresses well, as the build of a deployment does. */
function compress(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/\.(?:js|css|html|json|svg|wasm|webmanifest)$/.test(name)) continue;
    const path = join(folder, name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 1 }));
  }
}

function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

function isServing(origin: string): Promise<boolean> {
  return fetch(`${origin}/healthz`).then(
    ({ ok }) => ok,
    () => false, // It does not listen yet.
  );
}
