/** What a page says on its console, and the errors that it does not catch. What its workers say is not here. */

export interface ConsoleLine {
  readonly type: "debug" | "log" | "info" | "warning" | "error" | "pageerror";
  readonly text: string;
}

/** Refers to nothing outside of itself: its text runs in the page. */
function record(): void {
  const key = Symbol.for("test-console");
  const page = globalThis as unknown as Record<symbol, ConsoleLine[] | undefined>;
  if (page[key]) return;
  const lines: ConsoleLine[] = (page[key] = []);
  const toText = (value: unknown): string => {
    if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack ?? ""}`;
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  for (const method of ["debug", "log", "info", "warn", "error"] as const) {
    const say = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      const type = method === "warn" ? "warning" : method;
      lines.push({ type, text: values.map(toText).join(" ") });
      say(...values);
    };
  }
  addEventListener("error", ({ message }) => lines.push({ type: "pageerror", text: message }));
  addEventListener("unhandledrejection", ({ reason }) =>
    lines.push({ type: "pageerror", text: toText(reason) }),
  );
}

/** Begins to keep the lines of a document, once. */
export const RECORD = `(${String(record)})()`;

/** Gives the kept lines as JSON, and forgets them. */
export const TAKE_LINES = `JSON.stringify(globalThis[Symbol.for("test-console")]?.splice(0) ?? [])`;
