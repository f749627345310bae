/** What lies in the models' database, seen and changed behind the kit's back. */

// Not part of the published packages: the kit's own connection, to its own database.
import { fileIdOfShard } from "../../packages/web/src/storage/file-keys.ts";
import { createIndexedDbStore } from "../../packages/web/src/storage/indexed-db-store.ts";
import { sha256 } from "../../packages/web/src/storage/sha256.ts";

/** One stored part of a file. */
interface StoredShard {
  readonly key: string;
  /** `id@revision` */
  readonly model: string;
  readonly path: string;
  readonly index: number;
}

const DATABASE = "fastvlm-kit-models";

const store = createIndexedDbStore(DATABASE);
const answers = createIndexedDbStore("fastvlm-kit-results");
const images = createIndexedDbStore("fastvlm-kit-pictures");

/** Where a part lies in its private file. */
interface Place {
  readonly at: number;
  readonly bytes: number;
}

/** The private file that a part lies in, and where; undefined for one that the database has itself. */
async function findPart(
  key: string,
): Promise<{ handle: FileSystemFileHandle; place: Place } | undefined> {
  const place = (await store.get(key)) as Place | Blob | null | undefined;
  if (!place || place instanceof Blob) return undefined;
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(DATABASE);
  const name = await sha256(new TextEncoder().encode(fileIdOfShard(key)));
  return { handle: await folder.getFileHandle(name), place };
}

/** The bytes of a stored part. */
async function readPart(key: string): Promise<Blob> {
  const found = await findPart(key);
  if (!found) return (await store.get(key)) as Blob;
  const { at, bytes } = found.place;
  return (await found.handle.getFile()).slice(at, at + bytes);
}

/** Puts other bytes in a stored part's place. In a private file zeros follow where they are fewer. */
async function overwritePart(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const found = await findPart(key);
  if (!found) {
    await store.set(key, new Blob([bytes]));
    return;
  }
  const padded = new Uint8Array(found.place.bytes);
  padded.set(bytes.subarray(0, padded.length));
  const writable = await found.handle.createWritable({ keepExistingData: true });
  await writable.write({ type: "write", position: found.place.at, data: padded });
  await writable.close();
}

/** Every stored part of every file, whole or not. */
async function listShards(): Promise<StoredShard[]> {
  return (await store.keys()).flatMap((key) => {
    const [kind, model, path, index] = key.split("|");
    if (kind !== "shard") return [];
    return {
      key,
      model: decodeURIComponent(model!),
      path: decodeURIComponent(path!),
      index: Number(index),
    };
  });
}

/** SHA-256 of every file of a model, as its stored parts make it; of whole files only. */
async function hashFiles(model: { id: string; revision: string }): Promise<Record<string, string>> {
  const name = `${model.id}@${model.revision}`;
  const shards = (await listShards()).filter((shard) => shard.model === name);
  const hashes: Record<string, string> = {};
  for (const key of await store.keys()) {
    const [kind, owner, encoded] = key.split("|");
    if (kind !== "file" || decodeURIComponent(owner!) !== name) continue;
    const path = decodeURIComponent(encoded!);
    const parts = shards.filter((shard) => shard.path === path).sort((a, b) => a.index - b.index);
    const bytes = await Promise.all(parts.map(({ key }) => readPart(key)));
    const whole = await new Blob(bytes).arrayBuffer();
    hashes[path] = await sha256(new Uint8Array(whole));
  }
  return hashes;
}

/** Bytes of the private files: what the browser keeps for the models, apart from the database. */
async function privateBytes(): Promise<number[]> {
  const root = await navigator.storage.getDirectory();
  const sizes: number[] = [];
  try {
    for await (const handle of (await root.getDirectoryHandle(DATABASE)).values()) {
      sizes.push((await (handle as FileSystemFileHandle).getFile()).size);
    }
  } catch (error) {
    if ((error as Error).name !== "NotFoundError") throw error;
  }
  return sizes;
}

/** Deletes the database of the models, as a browser does at times that was killed. The private files stay. */
function loseDatabase(): Promise<void> {
  const request = indexedDB.deleteDatabase(DATABASE);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve();
    };
    request.onerror = () => {
      reject(request.error!);
    };
  });
}

/** Cuts the only journal in the last line of a shard. Returns the key of the shard. */
async function tearJournal(): Promise<string> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(`${DATABASE}-journals`);
  const [handle] = await Array.fromAsync(folder.values());
  const file = handle as FileSystemFileHandle;
  const text = await (await file.getFile()).text();
  const at = text.lastIndexOf("shard|");
  const writable = await file.createWritable();
  await writable.write(text.slice(0, at));
  await writable.close();
  return text.slice(at, text.indexOf('"', at));
}

/** Waits until so many answers are stored. No call waits for its answer to be stored. */
async function untilAnswers(count: number): Promise<void> {
  await untilKeys(async () => (await answers.keys()).length >= count);
}

/** The same for the features of tiles. */
async function untilFeatures(count: number): Promise<void> {
  const isFeature = (key: string): boolean => key.startsWith("features|");
  await untilKeys(async () => (await images.keys()).filter(isFeature).length >= count);
}

async function untilKeys(areThere: () => Promise<boolean>): Promise<void> {
  while (!(await areThere())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export const stored = {
  ...store,
  hashFiles,
  listShards,
  loseDatabase,
  overwritePart,
  privateBytes,
  readPart,
  tearJournal,
  untilAnswers,
  untilFeatures,
};
