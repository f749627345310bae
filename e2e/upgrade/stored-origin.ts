/**
 * Everything that an origin has stored for the kit, as JSON: three databases, private files, and texts. The two functions run
 * in a page, by `evaluate`, so each of them stands alone.
 */

/** A value as structured clone has it, in JSON. What JSON lacks is an object with one key that begins with `$`. */
type EncodedValue = unknown;

export interface StoredOrigin {
  /** Entries by the name of the database; each has one object store, `entries`. */
  readonly databases: Readonly<Record<string, readonly (readonly [string, EncodedValue])[]>>;
  /** Private files by path: their bytes in base64, or the file of the embedded model that they are a copy of. */
  readonly files: Readonly<Record<string, { readonly base64: string } | CopiedFile>>;
  /** `localStorage`. */
  readonly texts: Readonly<Record<string, string>>;
}

interface CopiedFile {
  /** A path in the folder of the embedded model. */
  readonly copyOf: string;
  readonly sha256: string;
}

/** Reads all that is stored. Bytes of private files are all in base64. */
export async function dumpOrigin(): Promise<StoredOrigin> {
  const toBase64 = (bytes: Uint8Array): string => {
    let binary = "";
    for (let at = 0; at < bytes.length; at += 0x8000)
      binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(binary);
  };
  const encode = async (value: unknown): Promise<EncodedValue> => {
    if (value === undefined) return { $undefined: true };
    if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
    if (typeof value === "bigint") return { $bigint: String(value) };
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Date) return { $date: value.getTime() };
    if (value instanceof Blob) {
      const bytes = new Uint8Array(await value.arrayBuffer());
      return { $blob: toBase64(bytes), type: value.type };
    }
    if (value instanceof ArrayBuffer) return { $buffer: toBase64(new Uint8Array(value)) };
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      return { $view: value.constructor.name, bytes: toBase64(bytes) };
    }
    const all = (items: Iterable<unknown>) => Promise.all(Array.from(items, encode));
    if (value instanceof Map) return { $map: await all(value) };
    if (value instanceof Set) return { $set: await all(value) };
    if (Array.isArray(value)) return all(value);
    if (Object.getPrototypeOf(value) !== Object.prototype)
      throw new Error(`Nothing is known of ${Object.prototype.toString.call(value)}`);
    const entries = Object.entries(value).map(async ([key, one]) => [key, await encode(one)]);
    return Object.fromEntries(await Promise.all(entries)) as EncodedValue;
  };
  const settled = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => {
        resolve(request.result);
      };
      request.onerror = () => {
        reject(request.error!);
      };
    });

  const databases: Record<string, (readonly [string, EncodedValue])[]> = {};
  for (const { name = "" } of await indexedDB.databases()) {
    const database = await settled(indexedDB.open(name));
    const stores = [...database.objectStoreNames];
    if (stores.join() !== "entries") throw new Error(`${name} has the stores ${stores.join()}`);
    const store = database.transaction("entries").objectStore("entries");
    const [keys, values] = await Promise.all([
      settled(store.getAllKeys()),
      settled<unknown[]>(store.getAll()),
    ]);
    database.close();
    databases[name] = await Promise.all(
      keys.map(async (key, index) => [key as string, await encode(values[index])] as const),
    );
  }

  const files: Record<string, { base64: string }> = {};
  const readFolder = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === "directory") {
        await readFolder(handle, `${path}${name}/`);
      } else {
        const file = await handle.getFile();
        files[path + name] = { base64: toBase64(new Uint8Array(await file.arrayBuffer())) };
      }
    }
  };
  await readFolder(await navigator.storage.getDirectory(), "");
  return { databases, files, texts: Object.fromEntries(Object.entries<string>(localStorage)) };
}

/** Writes all of it into a page of an origin that has nothing yet. */
export async function restoreOrigin({ databases, files, texts }: StoredOrigin): Promise<void> {
  const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const decode = (value: EncodedValue): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(decode);
    const tagged = value as Readonly<Record<string, unknown>>;
    if ("$undefined" in tagged) return undefined;
    if ("$number" in tagged) return Number(tagged["$number"]);
    if ("$bigint" in tagged) return BigInt(tagged["$bigint"] as string);
    if ("$date" in tagged) return new Date(tagged["$date"] as number);
    if ("$blob" in tagged)
      return new Blob([fromBase64(tagged["$blob"] as string)], { type: tagged["type"] as string });
    if ("$buffer" in tagged) return fromBase64(tagged["$buffer"] as string).buffer;
    if ("$view" in tagged) {
      const View = Reflect.get(globalThis, tagged["$view"] as string) as Uint8ArrayConstructor;
      return new View(fromBase64(tagged["bytes"] as string).buffer);
    }
    if ("$map" in tagged) return new Map(decode(tagged["$map"]) as [unknown, unknown][]);
    if ("$set" in tagged) return new Set(decode(tagged["$set"]) as unknown[]);
    return Object.fromEntries(Object.entries(tagged).map(([key, one]) => [key, decode(one)]));
  };

  for (const [name, entries] of Object.entries(databases)) {
    const request = indexedDB.open(name);
    request.onupgradeneeded = () => request.result.createObjectStore("entries");
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      request.onsuccess = () => {
        resolve(request.result);
      };
      request.onerror = () => {
        reject(request.error!);
      };
    });
    const writing = database.transaction("entries", "readwrite");
    for (const [key, value] of entries) writing.objectStore("entries").put(decode(value), key);
    await new Promise((resolve, reject) => {
      writing.oncomplete = resolve;
      writing.onerror = () => {
        reject(writing.error!);
      };
    });
    database.close();
  }

  for (const [path, content] of Object.entries(files)) {
    const folders = path.split("/");
    const name = folders.pop()!;
    let folder = await navigator.storage.getDirectory();
    for (const one of folders) folder = await folder.getDirectoryHandle(one, { create: true });
    const handle = await folder.getFileHandle(name, { create: true });
    const writable = await handle.createWritable();
    const bytes =
      "base64" in content
        ? fromBase64(content.base64)
        : await (await fetch(`/models/tiny/${content.copyOf}`)).arrayBuffer();
    await writable.write(bytes);
    await writable.close();
  }
  for (const [key, text] of Object.entries(texts)) localStorage.setItem(key, text);
}
