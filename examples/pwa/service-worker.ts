/**
 * The service worker: the app's shell from the precache, the runtime's code from the cache that the
 * kit filled, and pictures shared to the app. Nothing else is its business. Above all, no route
 * matches a model's files: they pass as if it were not there, so that hundreds of megabytes never
 * run through a worker that the browser may end at any time, and are stored once, by the kit.
 */

import { CODE_CACHE } from "@fastvlm-kit/web";
import { clientsClaim } from "workbox-core";
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  precacheAndRoute,
  type PrecacheEntry,
} from "workbox-precaching";
import { registerRoute } from "workbox-routing";
import { putIntoInbox } from "./inbox.ts";
import { addressAfterShare, receiveShare, SHARE_PATH } from "./share-target.ts";

/** What this file needs of its global scope. TypeScript's types of it and of pages exclude each other. */
declare const self: {
  readonly __WB_MANIFEST: PrecacheEntry[];
  readonly registration: ServiceWorkerRegistration;
  skipWaiting(): Promise<void>;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
};

const scope = new URL(self.registration.scope);

// A new version waits until the user wants it: a page never runs on two versions' files.
self.addEventListener("message", ({ data }) => {
  if ((data as { type?: string } | null)?.type === "SKIP_WAITING") void self.skipWaiting();
});
// The first visit's page is served by this worker at once, and so are its workers: what they load
// is then what they will find without a network.
clientsClaim();
cleanupOutdatedCaches();

precacheAndRoute(self.__WB_MANIFEST);

// `?model=…` and the like are for the page, not for the server.
const shell = createHandlerBoundToURL("index.html");
registerRoute(
  ({ request, url }) =>
    request.mode === "navigate" && request.method === "GET" && isInsideApp(url, ["", "index.html"]),
  shell,
);

registerRoute(
  ({ url }) => isInsideApp(url, [SHARE_PATH]),
  async ({ request }) => {
    const result = await receiveShare(request, putIntoInbox);
    // 303: what comes next is a GET, and going back does not share again.
    return Response.redirect(addressAfterShare(scope.href, result), 303);
  },
  "POST",
);

// Code that is not precached, because only some devices need it. It is only read here: what belongs
// into this cache is for the kit to say.
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && /\.(?:wasm|mjs|js)$/.test(url.pathname),
  async ({ request }) =>
    (await caches.match(request, { cacheName: CODE_CACHE, ignoreVary: true })) ?? fetch(request),
);

function isInsideApp(url: URL, paths: readonly string[]): boolean {
  return (
    url.origin === scope.origin && paths.some((path) => url.pathname === scope.pathname + path)
  );
}
