/**
 * Firefox's own protocol for WebDriver, without the program in between: over TCP, messages are
 * `LENGTH:JSON`; a command is `[0, id, name, parameters]` and its answer `[1, id, error, result]`.
 */

import { connect, type Socket } from "node:net";

export interface Marionette {
  /** @throws {Error} what Firefox says went wrong, and when it ends before it answers */
  send(name: string, parameters?: object): Promise<unknown>;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Answer = readonly [
  type: 1,
  id: number,
  error: { readonly error: string; readonly message: string } | null,
  result: unknown,
];

export async function connectMarionette(port: number): Promise<Marionette> {
  const socket = connect(port, "127.0.0.1");
  const waiting = new Map<number, Waiting>();
  await new Promise<void>((resolve, reject) => {
    readMessages(socket, (message) => {
      // Firefox begins with what it is; that is no answer.
      if (!Array.isArray(message)) resolve();
      else settle(waiting, message as unknown as Answer);
    });
    socket.once("error", reject);
    socket.once("close", () => {
      const error = new Error("Firefox closed the connection");
      reject(error);
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    });
  });
  let lastId = 0;
  return {
    send: (name, parameters = {}) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        const message = Buffer.from(JSON.stringify([0, id, name, parameters]));
        socket.write(Buffer.concat([Buffer.from(`${message.length}:`), message]));
      }),
  };
}

function settle(waiting: Map<number, Waiting>, [, id, error, result]: Answer): void {
  const { resolve, reject } = waiting.get(id)!;
  waiting.delete(id);
  if (error) reject(new Error(`Firefox: ${error.error}: ${error.message}`));
  else resolve(result);
}

function readMessages(socket: Socket, onMessage: (message: unknown) => void): void {
  let received = Buffer.alloc(0);
  socket.on("data", (data: Buffer) => {
    received = Buffer.concat([received, data]);
    for (;;) {
      const colon = received.indexOf(":");
      const end = colon + 1 + Number(received.toString("latin1", 0, Math.max(colon, 0)));
      if (colon < 0 || received.length < end) return;
      onMessage(JSON.parse(received.toString("utf8", colon + 1, end)));
      received = received.subarray(end);
    }
  });
}
