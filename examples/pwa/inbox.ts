/** Pictures on their way from the service worker to the page. */

import { createStore, delMany, entries, setMany } from "idb-keyval";
import type { SharedPicture } from "./share-target.ts";

// A database of its own: the service worker of a new version may run beside a page of the old one,
// and then they must not fight about the queue's.
const inbox = createStore("fastvlm-pwa-inbox", "pictures");

export async function putIntoInbox(pictures: readonly SharedPicture[]): Promise<void> {
  await setMany(
    pictures.map((picture) => [crypto.randomUUID(), picture]),
    inbox,
  );
}

/**
 * Hands over what is in the inbox and empties it.
 *
 * @param take keeps a picture under its key. A page that goes away between keeping and deleting is
 *   handed the same keys again.
 */
export async function emptyInbox(
  take: (key: string, picture: SharedPicture) => Promise<void>,
): Promise<number> {
  const found = await entries<string, SharedPicture>(inbox);
  for (const [key, picture] of found) await take(key, picture);
  await delMany(
    found.map(([key]) => key),
    inbox,
  );
  return found.length;
}
