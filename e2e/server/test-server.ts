/**
 * The server of the browser tests: the one of all tests, with cross-origin isolation. It shows the
 * built pages, and the model's files twice: in a folder, and in the Hugging Face Hub's layout.
 */

import { startFaultServer, type FaultServer } from "../../packages/web/test/fault-server.ts";
import type { HeaderChanges } from "../../packages/web/test/response-headers.ts";
import { ISOLATION_HEADERS } from "../../vite.config.ts";

export type { Fault } from "../../packages/web/test/faults.ts";

export interface TestServerOptions {
  /** Answers with cross-origin isolation headers. */
  readonly isolated: boolean;
  /** URL prefix to folder. */
  readonly folders: Readonly<Record<string, string>>;
}

export interface TestServer extends FaultServer {
  /** Sends no isolation headers from now on, or sends them again. */
  isolated: boolean;
  /** Changes to the headers of what has this in its path. */
  readonly headers: Map<string, HeaderChanges>;
  /** The Content-Security-Policy of everything that it serves from now on. */
  policy?: string;
}

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const headers = (path: string): HeaderChanges => {
    const common: HeaderChanges = {
      ...(server.isolated && {
        ...ISOLATION_HEADERS,
        "Cross-Origin-Resource-Policy": "cross-origin",
      }),
      ...(server.policy !== undefined && { "Content-Security-Policy": server.policy }),
      // Unlike the hub, and like a folder of private pictures.
      ...(path.startsWith("/no-cors/") && { "Access-Control-Allow-Origin": undefined }),
    };
    const own = [...server.headers].filter(([part]) => path.includes(part));
    return own.reduce((all, [, changes]) => ({ ...all, ...changes }), common);
  };
  const server: TestServer = Object.assign(
    await startFaultServer({ folders: options.folders, headers }),
    { isolated: options.isolated, headers: new Map() },
  );
  return server;
}
