/** Puts the worker's methods on a port. */

import { expose } from "comlink";
import type { Engine } from "../engines/engine.ts";
import { createGuardedEndpoint, type PagePort } from "./guarded-endpoint.ts";
import type { HostPlatform } from "./host-platform.ts";
import { createHost, type Host } from "./host.ts";
import { RefusedMessages } from "./refused-messages.ts";

/** Serves the contract's methods, and nothing else, on a port that only the page has. */
export function serveMethods(
  engines: readonly Engine[],
  port: PagePort,
  platform: HostPlatform = {},
): void {
  servePage(createHost(engines, platform, servePage), port);
}

function servePage(host: Host, port: PagePort): void {
  const refused = new RefusedMessages();
  const methods: object = Object.create(null) as object;
  expose(
    Object.freeze(Object.assign(methods, host.addPage(refused))),
    createGuardedEndpoint(port, (reason) => {
      refused.note(reason);
    }),
  );
}
