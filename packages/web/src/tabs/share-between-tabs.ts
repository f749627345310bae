/** Makes one worker of those that the tabs of an origin would start for the same model. */

import type { LoadRequest } from "../wire/worker-api.ts";
import type { WorkerLike } from "../wire/worker-like.ts";
import { shareKeyOf } from "./share-key.ts";
import { TabWorker } from "./tab-worker.ts";

/** Whether this page can share a worker. Web Locks need https; BroadcastChannel is missing in some embedded browsers. */
function canShare(): boolean {
  return "locks" in navigator && "BroadcastChannel" in globalThis;
}

export interface SharedWorkerSource {
  readonly createWorker: () => Worker;
  /** What is the same for the same worker only. */
  readonly identity: string;
}

/** @returns creates a worker for a load; the tab's own one where tabs cannot share */
export function shareBetweenTabs(
  { createWorker, identity }: SharedWorkerSource,
  onRole: (role: "leader" | "follower") => void,
): (request: LoadRequest) => WorkerLike {
  if (!canShare()) return createWorker;
  let isLeaderFrozen = false;
  return (request) => {
    const worker = new TabWorker({
      createWorker,
      key: shareKeyOf(request, identity),
      isLeaderFrozen,
      onRole,
      onFrozen: () => {
        isLeaderFrozen = true;
      },
    });
    isLeaderFrozen = false;
    return worker;
  };
}
