/** Names of the channels and locks that tabs with the same model use. */

import { randomName } from "../shared/random-name.ts";

/** A name for a tab among those with one model. */
export function newTabId(): string {
  return randomName();
}

/** The name of the lock that the tab which runs the model holds, and of the channel of all its tabs. */
export function modelName(shareKey: string): string {
  return `fastvlm-kit.tabs.${shareKey}`;
}

/** The name of the channel between a tab and the one that runs the model, and of the lock that the tab holds meanwhile. */
export function pairName(name: string, follower: string): string {
  return `${name}.${follower}`;
}

/** The name of the lock that a tab holds while it decides whether the tab that runs the model stands still. */
export function takeoverName(name: string): string {
  return `${name}.takeover`;
}
