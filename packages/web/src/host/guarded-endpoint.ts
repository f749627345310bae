/**
 * The only way into the worker's methods. Comlink itself takes any message: it walks any path, also through
 * `__proto__`, sets what it finds there, and hands out new ports (github.com/GoogleChromeLabs/comlink/issues/603). Here a
 * message passes only if it calls one of the contract's methods with arguments that fit their schemas.
 */

import type { Endpoint } from "comlink";
import { read } from "../schema/read.ts";
import { WORKER_REQUESTS } from "../schema/requests.ts";
import type { WorkerApi } from "../wire/worker-api.ts";
import type { RefusalReason } from "./refused-messages.ts";

/** A call as Comlink writes it. */
interface CallOnWire {
  readonly id: string;
  readonly type: "APPLY";
  readonly path: readonly [string];
  readonly argumentList: readonly { readonly type: "RAW"; readonly value: unknown }[];
}

/** What this file uses of a `MessagePort`, and of a worker's globals. */
export interface PagePort {
  postMessage(message: unknown, options: { readonly transfer: Transferable[] }): void;
  addEventListener(type: string, listener: (event: Event) => void): void;
  start?(): void;
}

/**
 * @param port where the page's messages arrive; nobody but the page that started the worker has its other end
 * @param onRefused called for every message that did not pass
 */
export function createGuardedEndpoint(
  port: PagePort,
  onRefused: (reason: RefusalReason) => void,
): Endpoint {
  return {
    postMessage: (message, transfer = []) => {
      port.postMessage(message, { transfer });
    },
    addEventListener: (type, listener) => {
      port.addEventListener(type, (event) => {
        const { data } = event as MessageEvent<unknown>;
        const call = readCall(data);
        if (typeof call !== "object") {
          onRefused(call);
          answerRefused(port, data);
          return;
        }
        const passed = new MessageEvent("message", { data: call });
        if (typeof listener === "function") listener(passed);
        else listener.handleEvent(passed);
      });
    },
    // Only a message that asks to end the connection makes Comlink call this, and none passes.
    removeEventListener: () => undefined,
    start: () => port.start?.(),
  };
}

/** Returns a copy of the call that `data` is, or why it is none. */
function readCall(data: unknown): CallOnWire | RefusalReason {
  if (!hasOnly(data, ["id", "type", "path", "argumentList"])) return "form";
  const { id, type, path, argumentList } = data;
  if (typeof id !== "string" || type !== "APPLY" || !Array.isArray(argumentList)) return "form";
  if (!Array.isArray(path) || path.length !== 1) return "form";
  const [name] = path as readonly unknown[];
  if (typeof name !== "string" || !Object.hasOwn(WORKER_REQUESTS, name)) return "method";
  const given: unknown[] = [];
  for (const argument of argumentList as readonly unknown[]) {
    if (!hasOnly(argument, ["type", "value"]) || argument["type"] !== "RAW") return "form";
    given.push(argument["value"]);
  }
  const schemas = WORKER_REQUESTS[name as keyof WorkerApi];
  if (given.length > schemas.length) return "arguments";
  try {
    const values = schemas.map((schema, index) => read(schema, given[index], name));
    const checked = values.map((value) => ({ type: "RAW", value }) as const);
    return { id, type, path: [name], argumentList: checked };
  } catch (error) {
    if (error instanceof TypeError) return "arguments";
    throw error;
  }
}

/** Whether a message is an object with these fields and no others. A clone has no getters and no symbols. */
function hasOnly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.keys(value).every((name) => names.includes(name));
}

/** Comlink's answer for a call that threw, so that a caller of another version does not wait for ever. */
function answerRefused(port: PagePort, data: unknown): void {
  const { id } = (typeof data === "object" && data !== null ? data : {}) as { id?: unknown };
  if (typeof id !== "string" || id.length > MAX_ID_LENGTH) return;
  const value = { name: "TypeError", message: "The worker has no such method, or it takes others" };
  const answer = { id, type: "HANDLER", name: "throw", value: { isError: true, value } };
  port.postMessage(answer, { transfer: [] });
}

/** Comlink's ids have up to 60 characters. */
const MAX_ID_LENGTH = 200;
