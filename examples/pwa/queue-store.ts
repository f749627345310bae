/**
 * The batch on disk. What is known of a picture and the picture itself are two records: a change of
 * state then rewrites a few hundred bytes, not a photo. Both are in one store, so that a picture
 * comes and goes as a whole, wherever the page is when it is closed.
 */

import { createStore, delMany, get, promisifyRequest } from "idb-keyval";
import type { QueuedPicture } from "./queue.ts";

const queue = createStore("fastvlm-pwa-queue", "queue");

const pictureKey = (id: string): IDBValidKey => ["picture", id];
const fileKey = (id: string): IDBValidKey => ["file", id];

export async function readQueue(): Promise<QueuedPicture[]> {
  // Arrays sort after strings: every key that begins with "picture".
  const all = IDBKeyRange.bound(["picture"], ["picture", []]);
  return queue("readonly", (store) => promisifyRequest<QueuedPicture[]>(store.getAll(all)));
}

export async function readFile(id: string): Promise<Blob | undefined> {
  return get<Blob>(fileKey(id), queue);
}

/** Does nothing for an id that is there already: a picture may be handed over twice. */
export async function addToQueue(picture: QueuedPicture, file: Blob): Promise<void> {
  await queue("readwrite", async (store) => {
    if ((await promisifyRequest(store.count(pictureKey(picture.id)))) > 0) return;
    store.put(file, fileKey(picture.id));
    store.put(picture, pictureKey(picture.id));
    await promisifyRequest(store.transaction);
  });
}

/**
 * Reads, changes and writes what is known of one picture, in one transaction.
 *
 * @returns what is stored now; undefined if the picture was removed, which the change does not undo
 */
export async function changeInQueue(
  id: string,
  change: (picture: QueuedPicture) => QueuedPicture,
): Promise<QueuedPicture | undefined> {
  return queue("readwrite", async (store) => {
    const found = (await promisifyRequest(store.get(pictureKey(id)))) as QueuedPicture | undefined;
    const changed = found && change(found);
    if (changed === found) return found;
    store.put(changed, pictureKey(id));
    await promisifyRequest(store.transaction);
    return changed;
  });
}

export async function removeFromQueue(ids: readonly string[]): Promise<void> {
  await delMany(
    ids.flatMap((id) => [pictureKey(id), fileKey(id)]),
    queue,
  );
}
