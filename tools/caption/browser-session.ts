/** Chromium with the page in it, on an address that stays the same: caches belong to an address. */

import { existsSync, lstatSync, mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import {
  CHROMIUM_ARGS,
  ensureBrowser,
  HARDWARE_WEBGPU_ARGS,
  SOFTWARE_WEBGPU_ARGS,
} from "../browser.ts";
import type { Arguments } from "./arguments.ts";

/** Where the page seems to be; Chromium is told to look on the loopback interface. */
export const PAGE_HOST = "caption.localhost";

export interface BrowserSession {
  readonly page: Page;
  close(): Promise<void>;
}

/** Opens the page that the server on `port` serves. */
export async function openPage(
  port: number,
  { device, profile }: Pick<Arguments, "device" | "profile">,
): Promise<BrowserSession> {
  const executablePath = ensureBrowser((line) => {
    if (line.includes("installing")) console.error(line);
  });
  const folder = freeProfile(profile);
  const context = await chromium.launchPersistentContext(folder, {
    ...(executablePath !== undefined && { executablePath }),
    args: [
      ...CHROMIUM_ARGS,
      ...webGpuArgs(device),
      `--host-resolver-rules=MAP ${PAGE_HOST}:80 127.0.0.1:${port}`,
    ],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(`http://${PAGE_HOST}/`);
  await page.waitForFunction(() => "captioner" in window);
  return {
    page,
    async close() {
      await context.close();
      if (folder !== profile) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function webGpuArgs(device: Arguments["device"]): readonly string[] {
  if (device === "wasm") return [];
  if (hasGraphicsCard()) return HARDWARE_WEBGPU_ARGS;
  // The software adapter is many times slower than WASM: only for those who ask for WebGPU.
  return device === "webgpu" ? SOFTWARE_WEBGPU_ARGS : [];
}

function hasGraphicsCard(): boolean {
  return (
    process.platform !== "linux" || ["/dev/dri", "/dev/nvidia0"].some((path) => existsSync(path))
  );
}

/** Chromium takes a profile for itself. While another run has it, this one keeps nothing. */
function freeProfile(profile: string): string {
  const lock = join(profile, "SingletonLock");
  if (!lstatSync(lock, { throwIfNoEntry: false })) return profile;
  const owner = /^(.*)-(\d+)$/.exec(readlinkSync(lock));
  if (owner?.[1] === hostname() && existsSync(`/proc/${owner[2]!}`)) {
    return mkdtempSync(join(tmpdir(), "fastvlm-caption-"));
  }
  // Left behind by a run that was killed, perhaps in another container.
  rmSync(lock);
  return profile;
}
