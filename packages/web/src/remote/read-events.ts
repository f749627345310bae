/** Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from a stream of text. */

import { createParser } from "eventsource-parser";

/** One event. Comments, which servers send to keep a connection alive, are none. */
export interface ServerEvent {
  readonly event: string | undefined;
  readonly data: string;
}

/** @param parts of the text, of which the caller limits the length */
export async function* readEvents(parts: AsyncIterable<string>): AsyncGenerator<ServerEvent, void> {
  const ready: ServerEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      ready.push({ event, data });
    },
    onError: ({ type, field, value }) => {
      // Earlier servers of llama.cpp write a field `error` in place of an event.
      if (type === "unknown-field" && field === "error") {
        ready.push({ event: "error", data: value ?? "" });
      }
    },
  });
  for await (const part of parts) {
    parser.feed(part);
    yield* ready.splice(0);
  }
  // An event ends with an empty line, and some servers forget the last one.
  parser.feed("\n\n");
  yield* ready.splice(0);
}
