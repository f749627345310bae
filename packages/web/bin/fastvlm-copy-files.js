#!/usr/bin/env node
// `fastvlm-copy-files`: what a bundler does not copy, or a page without a bundler loads, into a folder of the app.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const HELP = `Copies the files of @fastvlm-kit/web that an app serves by itself into a folder.

  fastvlm-copy-files DIR [options]

  DIR                a folder of static files, such as public/vlm; it is made if it is not there
  --devices WHICH    which worker, with the runtimes of its devices (all by default):
                       all      worker.bundle.js         WebGPU and WASM in every browser
                       webgpu   worker-webgpu.bundle.js  WebGPU where the browser has JSPI, and WASM
                       wasm     worker-wasm.bundle.js    WASM only
                       none     no worker and no runtimes
  --page             index.bundle.js, config.bundle.js and remote.bundle.js too, for pages without a bundler
  --model NAME       an embedded model of @fastvlm-kit/tiny: tiny or tiny-smolvlm, in the precisions of the devices
  --help

What an earlier run has copied into DIR, and is not needed any more, is removed.
`;

const WORKERS = {
  all: ["worker"],
  webgpu: ["worker-webgpu"],
  wasm: ["worker-wasm"],
  none: [],
};
// eslint-disable-next-line no-unsanitized/method -- a script of the package that the app has installed
const importTiny = (root, path) => import(pathToFileURL(join(root, "dist", path)).href);
const MODELS = {
  tiny: async (root) => (await importTiny(root, "index.js")).tinyModel(),
  "tiny-smolvlm": async (root) => (await importTiny(root, "smolvlm/index.js")).tinySmolVlm(),
};
const PAGES = ["index", "config", "remote"];

/** In DIR: what this command has copied there. */
const COPIED = "fastvlm-files.json";

/** Some hosts of static files take no larger ones. */
const LARGE_BYTES = 25 * 2 ** 20;

const dist = fileURLToPath(new URL("../dist/", import.meta.url));

try {
  await run();
} catch (error) {
  console.error(`fastvlm-copy-files: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function run() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      devices: { type: "string", default: "all" },
      page: { type: "boolean", default: false },
      model: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0) {
    throw new TypeError("Expected one folder. --help shows all options.");
  }
  if (!Object.hasOwn(WORKERS, values.devices)) {
    throw new TypeError(`Expected --devices all, webgpu, wasm or none, got ${values.devices}.`);
  }
  const sources = new Map([
    ...listBundles([...WORKERS[values.devices], ...(values.page ? PAGES : [])]),
    ...(values.model === undefined ? [] : await listModel(values)),
  ]);
  copyAll(sources, resolve(folder));
  report(sources, folder);
}

/** Pairs of a path in the folder and the file that is copied there. */
function listBundles(entries) {
  const list = join(dist, "bundles.json");
  if (!existsSync(list))
    throw new Error("This package is not built: its folder dist has no bundles.");
  const files = JSON.parse(readFileSync(list, "utf8"));
  return entries.flatMap((entry) => files[entry]).map((path) => [path, join(dist, path)]);
}

/** The package's folders stay as they are, so that its own script finds the model's files. */
async function listModel({ model: name, devices, page }) {
  if (!Object.hasOwn(MODELS, name)) {
    throw new TypeError(`Expected --model tiny or tiny-smolvlm, got ${name}.`);
  }
  const root = dirname(findTiny());
  const model = await MODELS[name](root);
  const variants = model.variants.filter(({ device }) => devices !== "wasm" || device === "wasm");
  const graphs = variants.flatMap((variant) => Object.values(variant.graphs));
  const files = Object.entries(model.files)
    .filter(([path]) => graphs.includes(path) || !path.endsWith(".onnx"))
    .map(([, { url }]) => fileURLToPath(url));
  const scripts = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js"))
    .map((path) => join(root, "dist", path));
  return [...files, ...(page ? scripts : [])].map((path) => [
    join("tiny", relative(root, path)),
    path,
  ]);
}

/** The manifest of the app's own @fastvlm-kit/tiny, or of the one beside this package. */
function findTiny() {
  const manifest = "@fastvlm-kit/tiny/package.json";
  try {
    return createRequire(join(process.cwd(), "package.json")).resolve(manifest);
  } catch {
    return fileURLToPath(import.meta.resolve(manifest));
  }
}

function copyAll(sources, folder) {
  const list = join(folder, COPIED);
  const before = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
  mkdirSync(folder, { recursive: true });
  for (const [path, source] of sources) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
  }
  writeFileSync(list, `${JSON.stringify([...sources.keys()], null, 2)}\n`);
  for (const path of before) {
    const target = join(folder, path);
    // The list is a file like any other, and may have been changed.
    if (!sources.has(path) && target.startsWith(folder + sep)) rmSync(target, { force: true });
  }
}

function report(sources, folder) {
  let total = 0;
  for (const [path, source] of sources) {
    const { size } = statSync(source);
    total += size;
    if (size > LARGE_BYTES) {
      console.warn(
        `${path} has ${toMegabytes(size)}. Some hosts take no file over 25 MiB; --devices webgpu leaves it out.`,
      );
    }
  }
  console.log(`${String(sources.size)} files with ${toMegabytes(total)} are in ${folder}.`);
}

function toMegabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
