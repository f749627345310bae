#!/usr/bin/env node
// `fastvlm-selfcheck`, and `npm run selfcheck` in the repository: compares the precisions of a model's
// files on images of yours, and writes the numbers that devices are held to.

import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { parseArgs } from "node:util";

const HELP = `Compares the precisions of a FastVLM's or SmolVLM's ONNX files on images of yours, on this machine's CPU, and
writes what devices are held to, for fastvlm05b({ selfCheck }) or smolVlm({ selfCheck }).

  fastvlm-selfcheck FOLDER IMAGE... [options]

  FOLDER             has config.json, tokenizer.json, tokenizer_config.json and onnx/*.onnx, as the hub has them
  IMAGE              a file, or a folder of them; 20 or so; read with sharp: npm install --no-save sharp
  --out FILE         writes the SelfCheck as JSON there; default self-check.json
  --report FILE      writes the table and the answers there too
  --sets A,B         of fp32, fp16, q4f16, q4, int8, q8, uint8; default: all that the folder has. The first is
                     the reference
  --set NAME=V,E,D   one more set: its vision, embedding and decoder file; may be repeated
  --prompt TEXT      default "Describe this image in one short sentence."
  --tokens N         the longest answer; default 32
  --image-size N     pixels of the longest side; default: the model's own, 1024, or one tile of SmolVLM, 512
  --threads N        default 1; more are faster and need memory
  --help

The whole size takes a CPU about 20 seconds an image and encoder, and up to 4 GB of memory.
`;

const COMMON_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json"];
const IMAGES = /^\.(avif|gif|jpe?g|png|tiff?|webp)$/i;

// The kit's runtime is written for a worker.
Object.assign(globalThis, { self: globalThis, crossOriginIsolated: false });

try {
  await run();
} catch (error) {
  console.error(`fastvlm-selfcheck: ${error.message.replaceAll(/\s+/g, " ")}`);
  process.exitCode = 1;
}

async function run() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string", default: "self-check.json" },
      report: { type: "string" },
      sets: { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      prompt: { type: "string", default: "Describe this image in one short sentence." },
      tokens: { type: "string", default: "32" },
      "image-size": { type: "string" },
      threads: { type: "string", default: "1" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [folder, ...sources] = positionals;
  if (folder === undefined || sources.length === 0) {
    throw new TypeError(
      "Expected a model's FOLDER and at least one IMAGE. --help shows all options.",
    );
  }
  const kit = await import("@fastvlm-kit/web/compare");
  const readText = async (path) =>
    existsSync(join(folder, path)) ? readFile(join(folder, path), "utf8") : undefined;
  const sets = await chooseSets(kit, folder, values);
  const missing = COMMON_FILES.find((name) => !existsSync(join(folder, name)));
  if (missing !== undefined) throw new TypeError(`${folder} has no ${missing}`);
  const comparison = await kit.compareSets({
    ...(await kit.readModelFolder(readText)),
    open: (path) => openGraph(join(folder, path)),
    sets,
    images: await listImages(sources),
    imageSize: toNumber("image-size", values["image-size"] ?? (await ownSize(readText))),
    prompt: values.prompt,
    maxNewTokens: toNumber("tokens", values.tokens),
    threads: toNumber("threads", values.threads),
    onProgress: (line) => {
      console.error(line);
    },
  });
  const text = kit.formatComparison(comparison);
  process.stdout.write(text);
  if (values.report !== undefined) await writeFile(values.report, text);
  await writeFile(values.out, `${JSON.stringify(comparison.selfCheck)}\n`);
  console.error(
    `Wrote ${values.out}. Sets that do not pass it would be turned down on every device.`,
  );
}

async function chooseSets(kit, folder, { sets: wanted, set: others }) {
  const names = existsSync(join(folder, "onnx")) ? await readdir(join(folder, "onnx")) : [];
  const found = kit.findSets(names.map((name) => `onnx/${name}`));
  const chosen = wanted?.split(",").map((name) => {
    const set = found.find((one) => one.name === name);
    if (set) return set;
    const known = found.map((one) => one.name).join(", ") || "none";
    throw new TypeError(`The folder has no set \`${name}\` of files; it has ${known}`);
  });
  const all = [...(chosen ?? found), ...others.map((text) => kit.parseSet(text))];
  if (all.length > 0) return all;
  throw new TypeError(
    `${folder} lacks a set of graphs: onnx/vision_encoder.onnx, onnx/embed_tokens.onnx and ` +
      "onnx/decoder_model_merged.onnx, or the same with _fp16, _q4f16, _q4, _int8, _quantized or _uint8",
  );
}

/** A graph's file, and those beside it that it may keep weights in: `X.onnx_data`, `X.onnx.data`, several parts. */
async function openGraph(path) {
  const [folder, name] = [dirname(path), basename(path)];
  const isWeights = (other) => other.startsWith(`${name}_data`) || other.startsWith(`${name}.data`);
  const beside = (await readdir(folder)).filter(isWeights);
  const files = await Promise.all([name, ...beside].map((one) => openFile(join(folder, one))));
  const [graph, ...weights] = files;
  const externalData = weights.map((source, index) => ({ location: beside[index], source }));
  const close = () => {
    for (const file of files) file.close();
  };
  return { ...graph, close, ...(weights.length > 0 && { externalData }) };
}

/** The file read piece by piece: of a gigabyte no copy is made. */
async function openFile(path) {
  const { size } = await stat(path);
  const file = openSync(path, "r");
  return {
    size,
    read(start, end) {
      const bytes = new Uint8Array(end - start);
      let done = 0;
      while (done < bytes.length) {
        const count = readSync(file, bytes, done, bytes.length - done, start + done);
        if (count === 0) throw new Error(`${path} ended early`);
        done += count;
      }
      return bytes;
    },
    close: () => {
      closeSync(file);
    },
  };
}

async function listImages(sources) {
  const paths = [];
  for (const source of sources) {
    if (!(await stat(source)).isDirectory()) paths.push(source);
    else {
      const names = (await readdir(source)).filter((name) => IMAGES.test(extname(name))).sort();
      paths.push(...names.map((name) => join(source, name)));
    }
  }
  const sharp = await importSharp();
  return paths.map((path) => ({
    name: basename(path),
    async read() {
      const raw = sharp(path).autoOrient().toColourspace("srgb").ensureAlpha().raw();
      const { data, info } = await raw.toBuffer({ resolveWithObject: true });
      return { data: new Uint8ClampedArray(data), width: info.width, height: info.height };
    },
  }));
}

async function importSharp() {
  try {
    return (await import("sharp")).default;
  } catch {
    throw new Error(
      "Images are read with sharp, which is not installed: npm install --no-save sharp",
    );
  }
}

async function ownSize(readText) {
  const {
    max_image_size: tile,
    crop_size: crop,
    size,
  } = JSON.parse((await readText("preprocessor_config.json")) ?? "{}");
  return String(
    tile?.longest_edge ?? crop?.height ?? crop ?? size?.height ?? size?.shortest_edge ?? 1024,
  );
}

function toNumber(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new TypeError(`Expected --${name} to be a whole number, got \`${text}\``);
}
