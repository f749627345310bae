/** The last published version, as a fixture: what it stored, and a build of its page. `keep-version.ts` writes it. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Question } from "./main.ts";
import type { StoredOrigin } from "./stored-origin.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const FIXTURE = here("../fixtures/last-version/");
const TINY_MODEL_FOLDER = here("../../packages/tiny/model/");

/** Where `vite build` writes the page. */
export const UPGRADE_PAGES_FOLDER = here("../../.cache/e2e/upgrade/");

/** The questions that the last version answered and remembered. */
export const QUESTIONS: readonly Question[] = [
  { scene: "/scenes/scene-02.png", prompt: "Describe this image." },
  { scene: "/scenes/scene-05.png", prompt: "Describe this image." },
];

/** The folder of the installed onnxruntime-web, and its version. */
export function findOnnxRuntime(): { readonly folder: string; readonly version: string } {
  const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
  const manifest = readFileSync(join(folder, "../package.json"), "utf8");
  return { folder: `${folder}/`, version: (JSON.parse(manifest) as { version: string }).version };
}

interface KeptVersion {
  /** What the version was built from, such as its tag. */
  readonly name: string;
  /** The onnxruntime-web that its scripts were built with, whose `.wasm` files they need. */
  readonly onnxRuntime: string;
  /** The texts of its page and scripts, by path. */
  readonly pages: Readonly<Record<string, string>>;
  readonly answers: readonly string[];
  readonly stored: StoredOrigin;
}

export function readLastVersion(): KeptVersion {
  const packed = readFileSync(`${FIXTURE}version.json.gz`);
  return JSON.parse(gunzipSync(packed).toString()) as KeptVersion;
}

export function writeLastVersion(version: KeptVersion, folder = FIXTURE): void {
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ ...version, stored: withoutCopies(version.stored) });
  writeFileSync(join(folder, "version.json.gz"), gzipSync(text, { level: 9 }));
}

/** Scripts of devices that the tests do not use, the model and the runtime are left out. */
export function readBuiltPages(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (path) => /[.](html|js)$/.test(path) && !/ort[.](jspi|webgpu)/.test(path),
  );
  return Object.fromEntries(
    paths
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, readFileSync(join(folder, path), "utf8")]),
  );
}

/** Writes the page of a version where a server shows it. */
export function writePages(pages: KeptVersion["pages"], folder: string): void {
  for (const [path, text] of Object.entries(pages)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** The private files that are copies of files which the embedded model no longer has. */
export function listLostCopies({ files }: StoredOrigin): string[] {
  const copies = Object.values(files).flatMap((one) => ("copyOf" in one ? [one] : []));
  return copies
    .filter(({ copyOf, sha256 }) => {
      const path = join(TINY_MODEL_FOLDER, copyOf);
      return !existsSync(path) || hashOf(readFileSync(path)) !== sha256;
    })
    .map(({ copyOf }) => copyOf);
}

const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Files of the embedded model are in the repository already. */
function withoutCopies(stored: StoredOrigin): StoredOrigin {
  const model = readdirSync(TINY_MODEL_FOLDER, { recursive: true, encoding: "utf8" }).filter(
    (path) => statSync(join(TINY_MODEL_FOLDER, path)).isFile(),
  );
  const paths = new Map(
    model.map((path) => [hashOf(readFileSync(join(TINY_MODEL_FOLDER, path))), path]),
  );
  const files = Object.entries(stored.files).map(([path, content]) => {
    if (!("base64" in content)) return [path, content] as const;
    const sha256 = hashOf(Buffer.from(content.base64, "base64"));
    const copyOf = paths.get(sha256);
    return [path, copyOf === undefined ? content : { copyOf, sha256 }] as const;
  });
  return { ...stored, files: Object.fromEntries(files) };
}
