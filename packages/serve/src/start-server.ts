/** Loads a model in threads and serves it over HTTP. */

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { createTotals, toPrometheusText } from "@fastvlm-kit/ops";
import type { ImageLimits, ModelDescriptor, Vlm, VlmEvent } from "@fastvlm-kit/web";
import { createVlm } from "@fastvlm-kit/web/node";
import { cacheFolder as defaultCacheFolder } from "./disk/cache-folder.ts";
import { toDiskPlace } from "./disk/open-disk-stores.ts";
import { ThreadWorker } from "./engine/thread-worker.ts";
import { createAdmission } from "./http/admission.ts";
import { createApp, createMetricsApp } from "./http/create-app.ts";
import { createImageHosts } from "./openai/image-hosts.ts";
import type { RequestLimits } from "./openai/to-question.ts";

/** Options of {@link startServer}. */
export interface ServerOptions {
  readonly model: ModelDescriptor;
  /** Names under which clients ask for the model, beside its id. */
  readonly aliases?: readonly string[];
  /** Default 8080; 0 takes one that is free. */
  readonly port?: number;
  /**
   * Also answers `/metrics` at this port, without a token: Prometheus finds servers by themselves, and has no token for them.
   * Do not let others reach it. 0 takes one that is free. Default: none.
   */
  readonly metricsPort?: number;
  /** Default 127.0.0.1: this machine alone. */
  readonly host?: string;
  /** What callers have to send as `Authorization: Bearer …`. Default: nothing. */
  readonly token?: string;
  /** Origins of pages that may call the server, such as `https://app.example.com`. Default: none. */
  readonly corsOrigins?: readonly string[];
  /**
   * Workers with the same model, each with a call of its own at a time. Default 1. There are never more than the machine has
   * cores, and one alone where nothing could be stored.
   */
  readonly workers?: number;
  /** Threads of each worker. Default 1. */
  readonly threads?: number;
  /** Where models are kept between starts. Default: `fastvlm-serve` in the user's folder for caches. */
  readonly cacheFolder?: string;
  /** How many bytes of models may be kept; those that were not used for longest are deleted. Default 16 GiB. */
  readonly maxCacheBytes?: number;
  /** How many requests may wait while others run; one more gets 429. Default 32. */
  readonly maxQueue?: number;
  /** How long one call may take, in milliseconds; its wait does not count. Default 120,000. */
  readonly timeoutMs?: number;
  /** How long running calls may take to end after {@link RunningServer.stop}, in milliseconds. Default 25,000. */
  readonly stopTimeoutMs?: number;
  /** Bytes of a request. Default 32 MiB. */
  readonly maxBodyBytes?: number;
  readonly limits?: Partial<RequestLimits>;
  readonly imageLimits?: Partial<ImageLimits>;
  /** Hosts from which images may be fetched. Default: none, and images come as `data:` addresses. */
  readonly imageHosts?: readonly string[];
  readonly onEvent?: (event: VlmEvent) => void;
  /** Is told of mistakes of the server. */
  readonly onError?: (error: unknown) => void;
}

export interface RunningServer {
  /** The address, without a slash at its end. */
  readonly url: string;
  /** Where `/metrics` needs no token; undefined without `metricsPort`. */
  readonly metricsUrl: string | undefined;
  readonly vlm: Vlm;
  /** Refuses what is new, lets running calls end, and ends all within the time that was set. */
  stop(): Promise<void>;
}

const LIMITS: RequestLimits = { maxImages: 4, maxTokens: 1024, maxPromptCharacters: 32_768 };

/**
 * Starts the server. Resolves when it answers.
 *
 * @throws {VlmError} what `createVlm` throws
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { model, token, workers = 1, maxQueue = 32, stopTimeoutMs = 25_000 } = options;
  const totals = createTotals();
  const place = toDiskPlace(options.cacheFolder ?? defaultCacheFolder(), model);
  const vlm = await createVlm({
    worker: () => new ThreadWorker(place),
    model,
    device: "wasm",
    wasmThreads: options.threads ?? 1,
    cache: { askToPersist: false, maxModelBytes: options.maxCacheBytes ?? 16 * 2 ** 30 },
    // All of them from the start: a server is there for calls, and its number of workers is what a scaler counts with.
    ...(workers > 1 && { pool: { min: workers, max: workers } }),
    onMetric: totals.onMetric,
    onEvent: (event) => {
      totals.onEvent(event);
      options.onEvent?.(event);
    },
    ...(options.imageLimits && { imageLimits: options.imageLimits }),
  });
  const admission = createAdmission(workers + maxQueue, () => estimateWaitMs(vlm));
  const writeMetrics = (): string => toPrometheusText(totals.list());
  const app = createApp({
    vlm,
    admission,
    hosts: createImageHosts({
      allowed: options.imageHosts ?? [],
      maxBytes: options.imageLimits?.maxBytes ?? 20 * 2 ** 20,
    }),
    limits: {
      ...LIMITS,
      ...options.limits,
      maxBodyBytes: options.maxBodyBytes ?? 32 * 2 ** 20,
      timeoutMs: options.timeoutMs ?? 120_000,
    },
    names: [model.id, ...(options.aliases ?? [])],
    token,
    corsOrigins: options.corsOrigins ?? [],
    writeMetrics,
    onError: options.onError ?? (() => undefined),
  });
  const host = options.host ?? "127.0.0.1";
  const server = await listen(app.fetch, host, options.port ?? 8080);
  const { metricsPort } = options;
  const metrics =
    metricsPort === undefined
      ? undefined
      : await listen(createMetricsApp(writeMetrics).fetch, host, metricsPort);
  return {
    url: addressOf(server, host),
    metricsUrl: metrics && `${addressOf(metrics, host)}/metrics`,
    vlm,
    async stop() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, stopTimeoutMs).unref());
      const drained = admission.drain();
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      await Promise.race([drained, late]);
      // Rejects the calls that have not ended, whose clients then get an answer that says so.
      await vlm.dispose();
      server.closeIdleConnections();
      await Promise.race([closed, pause(LAST_ANSWERS_MS)]);
      server.closeAllConnections();
      metrics?.close();
      metrics?.closeAllConnections();
    },
  };
}

/** How long the last answers may take to be sent. */
const LAST_ANSWERS_MS = 1000;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

/** After which time a place is free: the mean time of a call, shared by the workers that answer. */
function estimateWaitMs(vlm: Vlm): number {
  const { timeToFirstTokenMs, decodeMs } = vlm.stats().latency;
  const workers = Math.max(1, vlm.scalingStatus()?.workers ?? 1);
  return ((timeToFirstTokenMs?.meanMs ?? 1000) + (decodeMs?.meanMs ?? 0)) / workers;
}

function addressOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  hostname: string,
  port: number,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port }, () => {
      resolve(server);
    }) as Server;
    server.once("error", reject);
  });
}
