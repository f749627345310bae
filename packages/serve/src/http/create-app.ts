/** The routes of the server, and what every request passes before them. */

import { Hono, type Context } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { VlmError, type GenerateRequest, type Vlm, type VlmResult } from "@fastvlm-kit/web";
import { ApiError, toApiError } from "../openai/api-error.ts";
import { readChatRequest, type ChatRequest } from "../openai/chat-request.ts";
import { newAnswerHead, toCompletion } from "../openai/completion.ts";
import type { ImageHosts } from "../openai/image-hosts.ts";
import { loadImage } from "../openai/load-image.ts";
import { toQuestion, type RequestLimits } from "../openai/to-question.ts";
import type { Admission } from "./admission.ts";
import { openAnswerStream } from "./answer-stream.ts";

export interface AppOptions {
  readonly vlm: Pick<Vlm, "generate" | "health" | "model">;
  readonly admission: Admission;
  readonly hosts: ImageHosts;
  readonly limits: RequestLimits & {
    readonly maxBodyBytes: number;
    /** How long one call may take, in milliseconds; the wait for its turn does not count. */
    readonly timeoutMs: number;
  };
  /** Names under which the model is served; the first is the one in answers. */
  readonly names: readonly string[];
  /** What callers have to send; undefined lets everybody in. */
  readonly token: string | undefined;
  /** Origins of pages that may call the server. */
  readonly corsOrigins: readonly string[];
  /** Returns the metrics in Prometheus's text format. */
  readonly writeMetrics: () => string;
  /** Is told of errors that are mistakes of the server. */
  readonly onError: (error: unknown) => void;
}

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** `/metrics` and nothing else, for a port of its own. */
export function createMetricsApp(writeMetrics: () => string): Hono {
  const app = new Hono();
  app.get("/metrics", (c) => c.body(writeMetrics(), 200, { "content-type": METRICS_TYPE }));
  return app;
}

export function createApp(options: AppOptions): Hono {
  const { vlm, admission, names, corsOrigins } = options;
  const startedAt = Math.floor(Date.now() / 1000);
  const modelObject = (id: string) => {
    return { id, object: "model", created: startedAt, owned_by: "fastvlm-kit" };
  };
  const app = new Hono();

  app.onError((error, c) => answerError(c, error, options.onError));
  app.notFound((c) => {
    const message = `There is no ${c.req.method} ${c.req.path} here.`;
    const how = { status: 404, type: "invalid_request_error", code: "not_found" };
    return answerError(c, new ApiError(message, how));
  });

  app.use(async (c, next) => {
    // A page of another origin sends its own name, also where a name was made to lead to this machine (DNS rebinding).
    const origin = c.req.header("origin");
    if (origin !== undefined && !corsOrigins.includes(origin)) {
      const message = `Pages of ${origin} may not call this server. Start it with \`--cors-origin ${origin}\`.`;
      throw new ApiError(message, {
        status: 403,
        type: "permission_error",
        code: "origin_not_allowed",
      });
    }
    await next();
    c.header("x-content-type-options", "nosniff");
    c.header("cache-control", "no-store");
  });
  app.use(
    cors({
      origin: [...corsOrigins],
      allowMethods: ["GET", "POST"],
      exposeHeaders: ["Retry-After"],
      maxAge: 600,
    }),
  );

  app.get("/health/live", (c) => c.json({ status: "pass" }));
  app.get("/health", async (c) => {
    const report = await vlm.health();
    const status = admission.isDraining ? "fail" : report.status;
    const body = JSON.stringify({ ...report, status });
    const type = { "content-type": "application/health+json" };
    return c.body(body, status === "fail" ? 503 : 200, type);
  });

  if (options.token !== undefined) app.use(createAuth(options.token));
  app.get("/metrics", (c) => c.body(options.writeMetrics(), 200, { "content-type": METRICS_TYPE }));
  app.get("/v1/models", (c) => c.json({ object: "list", data: names.map(modelObject) }));
  app.get("/v1/models/:name{.+}", (c) => {
    const name = c.req.param("name");
    assertServed(name, names);
    return c.json(modelObject(name));
  });
  app.post(
    "/v1/chat/completions",
    bodyLimit({
      maxSize: options.limits.maxBodyBytes,
      onError: () => {
        throw tooLarge(options.limits.maxBodyBytes);
      },
    }),
    (c) => complete(c, options),
  );
  return app;
}

async function complete(c: Context, options: AppOptions): Promise<Response> {
  const { vlm, admission, names, limits, hosts } = options;
  const place = admission.enter();
  // Aborts when the client has gone.
  const { signal } = c.req.raw;
  let isStreaming = false;
  try {
    const request = readChatRequest(await readJson(c));
    if (request.model !== undefined) assertServed(request.model, names);
    const { imageUrls, ...question } = toQuestion(request, limits);
    const image = await Promise.all(imageUrls.map((url) => loadImage(url, hosts, signal)));
    const asked: GenerateRequest = { ...question, image, signal, timeoutMs: limits.timeoutMs };
    const head = newAnswerHead(names[0]!);
    if (request.stream !== true) {
      return c.json(toCompletion(head, await lastOf(vlm.generate(asked))));
    }
    const stream = await openAnswerStream(vlm.generate(asked), {
      head,
      includeUsage: wantsUsage(request),
      onEnd: () => {
        place.leave();
      },
    });
    isStreaming = true;
    return c.body(stream, 200, {
      "content-type": "text/event-stream; charset=utf-8",
      // Else nginx would keep the stream until it is whole.
      "x-accel-buffering": "no",
    });
  } finally {
    if (!isStreaming) place.leave();
  }
}

function wantsUsage({ stream_options }: ChatRequest): boolean {
  return stream_options?.include_usage === true;
}

async function lastOf(events: ReturnType<Vlm["generate"]>): Promise<VlmResult> {
  for await (const event of events) if (event.type === "done") return event.result;
  throw new Error("An answer ended without its last event.");
}

async function readJson(c: Context): Promise<unknown> {
  // With another type a page could send the request without asking first (CORS's simple requests).
  if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
    const how = { type: "invalid_request_error", code: "unsupported_media_type" };
    throw new ApiError("Send the body as application/json.", { status: 415, ...how });
  }
  try {
    return await c.req.json();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const how = { status: 400, type: "invalid_request_error", code: "invalid_json" };
    throw new ApiError("The body is not JSON.", how);
  }
}

/** Hashes both tokens and compares the hashes in constant time. */
function createAuth(token: string) {
  const message = {
    error: {
      message: "Send the server's token as `Authorization: Bearer …`.",
      type: "authentication_error",
      code: "invalid_api_key",
      param: null,
    },
  };
  const how = { message };
  return bearerAuth({
    token,
    noAuthenticationHeader: how,
    invalidAuthenticationHeader: how,
    invalidToken: how,
  });
}

function assertServed(name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new ApiError(`There is no model \`${name}\` here; this server has \`${names[0]!}\`.`, {
    status: 404,
    type: "invalid_request_error",
    code: "model_not_found",
    param: "model",
  });
}

function tooLarge(limit: number): ApiError {
  return new ApiError(`The body has more than the ${String(limit)} bytes that are allowed.`, {
    status: 413,
    type: "invalid_request_error",
    code: "request_too_large",
  });
}

function answerError(c: Context, thrown: unknown, onError?: (error: unknown) => void): Response {
  // Of the check of the token.
  if (thrown instanceof HTTPException) return thrown.getResponse();
  const error = toApiError(thrown);
  const isOurs = error.status === 500 && !VlmError.is(thrown);
  if (isOurs && !c.req.raw.signal.aborted) onError?.(thrown);
  if (error.retryAfterMs !== undefined) {
    c.header("retry-after", String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  }
  return c.json(error.body, error.status as ContentfulStatusCode);
}
