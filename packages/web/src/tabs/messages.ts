/**
 * What tabs say to each other. `BroadcastChannel` carries no `MessagePort`, so ports get numbers: a message for a port
 * has its number, and an argument that is a port has the number in its place.
 */

/** On the channel of all tabs with one model. */
export type Announcement =
  /** A tab looks for the tab that runs the model. */
  | { readonly type: "hello"; readonly follower: string }
  /** A tab has begun to run the model. */
  | { readonly type: "leads"; readonly leader: string };

/**
 * On the channel between the tab that runs the model and one other tab. A tab that stood still may still take itself for the
 * leader, so each message names the one that it comes from, or is for. The other one takes no notice.
 */
export interface PairMessage {
  readonly leader: string;
  readonly what: PairWord;
}

export type PairWord =
  /** The answer to `hello`. */
  | { readonly type: "welcome" }
  | { readonly type: "ping" | "pong" }
  /** The follower goes. `isFaulty`: its calls found the worker to be broken, so it must not serve anybody. */
  | { readonly type: "leave"; readonly isFaulty: boolean }
  /** The leader goes, or its worker has ended. */
  | { readonly type: "gone" }
  | { readonly type: "data"; readonly to: Side; readonly port: number; readonly data: unknown };

type Side = "leader" | "follower";

/** The port over which the worker's methods are called. */
export const METHODS_PORT = 0;

/** A call of a method as Comlink writes it. */
interface CallOnWire {
  readonly argumentList: readonly { readonly type: string; readonly value: unknown }[];
}

/** In place of an argument that is a port. */
interface NumberedPort {
  readonly portNumber: number;
}

/** Replaces the ports among the arguments by numbers. */
export function withoutPorts(message: unknown, toNumber: (port: MessagePort) => number): unknown {
  return mapArguments(message, (value) =>
    value instanceof MessagePort ? ({ portNumber: toNumber(value) } satisfies NumberedPort) : value,
  );
}

/** Puts ports in the places of their numbers, and lists them. */
export function withPorts(
  message: unknown,
  toPort: (number: number) => MessagePort,
): { readonly message: unknown; readonly ports: MessagePort[] } {
  const ports: MessagePort[] = [];
  const filled = mapArguments(message, (value) => {
    if (!isNumberedPort(value)) return value;
    const port = toPort(value.portNumber);
    ports.push(port);
    return port;
  });
  return { message: filled, ports };
}

/** The last message that a call sends on its port. */
export function isLastOfCall(data: unknown): boolean {
  const { type } = (data ?? {}) as { type?: unknown };
  return type === "done" || type === "opened" || type === "failed";
}

function mapArguments(message: unknown, map: (value: unknown) => unknown): unknown {
  if (!isCall(message)) return message;
  const argumentList = message.argumentList.map((one) => ({ ...one, value: map(one.value) }));
  return { ...message, argumentList };
}

function isCall(message: unknown): message is CallOnWire {
  return Array.isArray((message as Partial<CallOnWire> | null)?.argumentList);
}

function isNumberedPort(value: unknown): value is NumberedPort {
  return typeof (value as Partial<NumberedPort> | null)?.portNumber === "number";
}
