/**
 * A collector that takes OTLP over HTTP as JSON, over real HTTP. It decodes with OpenTelemetry's own protobuf definitions, and
 * refuses what they do not know: a field with another name would be lost in a real collector.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
// An older release of OpenTelemetry's own package, the last to contain the compiled definitions.
import definitions from "opentelemetry-proto/build/src/generated/root.js";

/** As far as protobufjs is used here. */
interface MessageType {
  readonly fields: Readonly<Record<string, Field>>;
  fromObject(value: unknown): unknown;
  toObject(message: unknown, options: Readonly<Record<string, unknown>>): unknown;
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

interface Field {
  readonly type: string;
}

interface Received {
  readonly path: string;
  /** The request after a way through protobuf's binary form. */
  readonly body: unknown;
}

export interface OtlpReceiver {
  readonly origin: string;
  readonly received: Received[];
  /** Why requests were refused. */
  readonly refused: string[];
  close(): Promise<void>;
}

const { metrics, trace } = (definitions as unknown as Definitions).opentelemetry.proto.collector;

interface Definitions {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly metrics: { readonly v1: { readonly ExportMetricsServiceRequest: MessageType } };
        readonly trace: { readonly v1: { readonly ExportTraceServiceRequest: MessageType } };
      };
    };
  };
}

const TYPES: Readonly<Record<string, MessageType>> = {
  "/v1/metrics": metrics.v1.ExportMetricsServiceRequest,
  "/v1/traces": trace.v1.ExportTraceServiceRequest,
};

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: Received[] = [];
  const refused: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const path = request.url ?? "";
      try {
        if (request.headers["content-type"] !== "application/json") throw new Error("No JSON");
        received.push({ path, body: decodeRequest(path, body) });
        response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
      } catch (error) {
        refused.push(String(error));
        response.writeHead(400).end(String(error));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${String(port)}`,
    received,
    refused,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** @throws {Error} when the text is no request of this path */
export function decodeRequest(path: string, body: string): unknown {
  const type = TYPES[path];
  if (!type) throw new Error(`Nothing is taken at ${path}`);
  const given: unknown = JSON.parse(body);
  const bytes = type.encode(type.fromObject(given)).finish();
  const decoded = type.toObject(type.decode(bytes), { longs: String, arrays: false });
  assertSame(given, decoded, "");
  return decoded;
}

/** Everything that was given is still there after the way through protobuf. */
function assertSame(given: unknown, decoded: unknown, path: string): void {
  if (Array.isArray(given) && given.length === 0) return;
  if (typeof given !== "object" || given === null) {
    // Identifiers are text in JSON, and bytes in protobuf.
    if (decoded instanceof Uint8Array || given === decoded) return;
    if (isNumeric(given) && Number(given) === Number(decoded)) return;
    throw new Error(`${path} is ${JSON.stringify(given)}, and was read as ${String(decoded)}`);
  }
  for (const [key, value] of Object.entries(given)) {
    const known = (decoded as Readonly<Record<string, unknown>> | undefined)?.[key];
    // Protobuf does not write zeros and empty texts.
    const isDefault = value === 0 || value === "" || value === "0" || value === false;
    if (known === undefined && isDefault) continue;
    assertSame(value, known, `${path}.${key}`);
  }
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || (typeof value === "string" && /^\d+$/.test(value));
}
