import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { OnnxError } from "./errors.ts";
import { fromBfloat16, fromFloat16 } from "./format/float16.ts";
import { elementCount, missingTensor, type Weights } from "./weights.ts";

const bytesPerElement: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

/** No honest header comes near this; a larger one is a damaged or hostile file. */
const maxHeaderBytes = 100_000_000;

interface StoredTensor {
  readonly path: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * The tensors of a safetensors checkpoint: one file, or the `*.safetensors.index.json` of a sharded one.
 * A folder works too; it means the `model.safetensors` or the index inside.
 *
 * Only headers are read here. Tensors are read when asked for, each time anew; no file stays open.
 *
 * @throws {OnnxError} `file-invalid` when a file is missing, cut short, or its header lies about it.
 */
export function readSafetensors(path: string): Weights {
  const tensors = new Map<string, StoredTensor>();
  for (const file of shardFiles(path)) {
    for (const [name, tensor] of readHeader(file)) tensors.set(name, tensor);
  }
  const names = [...tensors.keys()];

  const find = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw missingTensor(name, names);
    return tensor;
  };

  return {
    names,
    has: (name) => tensors.has(name),
    shape: (name) => find(name).shape,
    read: (name) => readElements(name, find(name), 0, elementCount(find(name).shape)),
    readRows(name, first, count) {
      const tensor = find(name);
      const rowLength = elementCount(tensor.shape.slice(1));
      return readElements(name, tensor, first * rowLength, count * rowLength);
    },
  };
}

function shardFiles(path: string): string[] {
  for (const inside of ["model.safetensors", "model.safetensors.index.json"]) {
    if (existsSync(join(path, inside))) return shardFiles(join(path, inside));
  }
  if (!path.endsWith(".index.json")) return [path];

  const index = parseJson(path, readText(path));
  const weightMap = isRecord(index) ? index["weight_map"] : undefined;
  if (!isRecord(weightMap)) throw invalidFile(path, `has no "weight_map"`);
  const shards = new Set<string>();
  for (const shard of Object.values(weightMap)) {
    // Shards lie beside their index; a path that leads elsewhere is not one of ours to open.
    if (typeof shard !== "string" || shard !== basename(shard))
      throw invalidFile(path, `names a shard outside its folder`);
    shards.add(join(dirname(path), shard));
  }
  return [...shards].sort();
}

function readHeader(path: string): [string, StoredTensor][] {
  return withFile(path, (descriptor) => {
    const fileSize = fstatSync(descriptor).size;
    const lengthBytes = readBytes(path, descriptor, 0, 8);
    const headerLength = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
    if (headerLength > maxHeaderBytes || 8 + headerLength > fileSize) {
      throw invalidFile(
        path,
        `announces a header of ${headerLength} bytes in a file of ${fileSize}`,
      );
    }
    const dataStart = 8 + headerLength;
    const header = parseJson(
      path,
      new TextDecoder().decode(readBytes(path, descriptor, 8, headerLength)),
    );
    if (!isRecord(header)) throw invalidFile(path, "has a header that is not an object");

    return Object.entries(header)
      .filter(([name]) => name !== "__metadata__")
      .map(([name, entry]) => [name, parseEntry(path, name, entry, dataStart, fileSize)]);
  });
}

function parseEntry(
  path: string,
  name: string,
  entry: unknown,
  dataStart: number,
  fileSize: number,
): StoredTensor {
  if (!isRecord(entry)) throw invalidFile(path, `does not describe "${name}"`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw invalidFile(path, `describes "${name}" incompletely`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || dataStart + end > fileSize) {
    throw invalidFile(
      path,
      `ends before the data of "${name}": it is cut short, download it again`,
    );
  }
  const width = bytesPerElement[dtype];
  if (width !== undefined && end - begin !== elementCount(shape) * width) {
    throw invalidFile(
      path,
      `gives "${name}" ${end - begin} bytes, which is not [${shape.join(", ")}] of ${dtype}`,
    );
  }
  return { path, dtype, shape, offset: dataStart + begin, sizeBytes: end - begin };
}

function readElements(
  name: string,
  tensor: StoredTensor,
  first: number,
  count: number,
): Float32Array {
  const width = bytesPerElement[tensor.dtype];
  if (width === undefined) {
    throw new OnnxError(
      "dtype-unsupported",
      { tensor: name, dtype: tensor.dtype },
      `"${name}" is stored as ${tensor.dtype}. Save the weights as F32, F16 or BF16.`,
    );
  }
  if (first < 0 || count < 0 || (first + count) * width > tensor.sizeBytes) {
    throw new RangeError(`Expected rows inside "${name}" [${tensor.shape.join(", ")}]`);
  }
  const { buffer } = withFile(tensor.path, (descriptor) =>
    readBytes(tensor.path, descriptor, tensor.offset + first * width, count * width),
  );
  if (tensor.dtype === "F32") return new Float32Array(buffer);
  const uppers = new Uint16Array(buffer);
  return tensor.dtype === "F16" ? fromFloat16(uppers) : fromBfloat16(uppers);
}

function withFile<Result>(path: string, use: (descriptor: number) => Result): Result {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    throw invalidFile(path, "cannot be opened", cause);
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readBytes(
  path: string,
  descriptor: number,
  position: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    // One call reads at most 2 GiB, so a large tensor takes several.
    const count = readSync(
      descriptor,
      bytes,
      filled,
      Math.min(length - filled, 1 << 30),
      position + filled,
    );
    if (count === 0) throw invalidFile(path, "ends too early: it is cut short, download it again");
    filled += count;
  }
  return bytes;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw invalidFile(path, "cannot be read", cause);
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidFile(path, "does not hold valid JSON where it should", cause);
  }
}

function invalidFile(path: string, reason: string, cause?: unknown): OnnxError {
  return new OnnxError("file-invalid", { path }, `${basename(path)} ${reason}.`, { cause });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
  );
}
