/** Makes one worker of those that the tabs of an origin would start for the same model. */

import type { LoadRequest } from "../wire/worker-api.ts";
import type { WorkerLike } from "../wire/worker-like.ts";
import { shareKeyOf } from "./share-key.ts";
import { TabWorker } from "./tab-worker.ts";

/** Whether this page can share a worker. Web Locks need https; BroadcastChannel is missing in some embedded browsers. */
function canShare(): boolean {
  return "locks" in navigator && "BroadcastChannel" in globalThis;
}

/** @returns creates a worker for a load; the tab's own one where tabs cannot share */
export function shareBetweenTabs(
  createWorker: () => Worker,
  onRole: (role: "leader" | "follower") => void,
): (request: LoadRequest) => WorkerLike {
  if (!canShare()) return createWorker;
  let isLeaderFrozen = false;
  return (request) => {
    const worker = new TabWorker({
      createWorker,
      key: shareKeyOf(request, createWorker),
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
