/** Opens a trace in Perfetto's own page, as a developer does, and asks Perfetto what it has read. */

import { fileURLToPath } from "node:url";
import type { Browser, Page } from "@playwright/test";
import { startTestServer } from "../server/test-server.ts";
import { installPerfetto } from "./install.ts";

const FOLDER = fileURLToPath(new URL("../../.cache/perfetto", import.meta.url));

type Row = Readonly<Record<string, string | number | null>>;

export interface ReadTrace {
  /** Everything with a duration, by time: its name, thread, start and duration in nanoseconds, and depth. */
  readonly slices: readonly Row[];
  readonly counters: readonly Row[];
  /** Whatever Perfetto could not import, or had to leave out. */
  readonly problems: readonly Row[];
  readonly importErrors: number;
}

/** The part of Perfetto's page that it offers in the developer tools. */
interface PerfettoApp {
  readonly trace?: {
    readonly traceInfo: { readonly importErrors: number };
    readonly engine: {
      query(sql: string): Promise<{
        columns(): string[];
        iter(types: object): { valid(): boolean; next(): void; get(column: string): unknown };
      }>;
    };
  };
}

const SLICES = `
  SELECT slice.name AS name, category, thread.name AS thread, process.name AS process, ts, dur, depth
  FROM slice
  JOIN thread_track ON slice.track_id = thread_track.id
  JOIN thread USING (utid) LEFT JOIN process USING (upid)
  ORDER BY ts, dur DESC, thread.name`;
const COUNTERS = `
  SELECT track.name AS name, ts, value FROM counter JOIN track ON counter.track_id = track.id
  ORDER BY counter.id`;
const PROBLEMS = `
  SELECT name, value FROM stats WHERE severity IN ('error', 'data_loss') AND value > 0`;

/** @param trace the text of the file */
export async function readTrace(browser: Browser, trace: string): Promise<ReadTrace> {
  const folder = installPerfetto(FOLDER);
  const server = await startTestServer({ isolated: false, folders: { "/": folder } });
  const page = await browser.newPage();
  try {
    await page.goto(`${server.origin}/index.html`);
    await page.waitForFunction(() => "app" in window);
    const file = { name: "trace.json", mimeType: "application/json", buffer: Buffer.from(trace) };
    await page.locator("input[type=file]").first().setInputFiles(file);
    await page.waitForFunction(() => (window as unknown as { app: PerfettoApp }).app.trace);
    return {
      slices: await query(page, SLICES),
      counters: await query(page, COUNTERS),
      problems: await query(page, PROBLEMS),
      importErrors: await page.evaluate(
        () => (window as unknown as { app: PerfettoApp }).app.trace!.traceInfo.importErrors,
      ),
    };
  } finally {
    await page.close();
    await server.close();
  }
}

function query(page: Page, sql: string): Promise<Row[]> {
  return page.evaluate(async (sql) => {
    const { engine } = (window as unknown as { app: PerfettoApp }).app.trace!;
    const result = await engine.query(sql);
    const rows: Row[] = [];
    const row = result.iter({});
    while (row.valid()) {
      const values = result.columns().map((column) => {
        const value = row.get(column);
        return [column, typeof value === "bigint" ? Number(value) : value] as const;
      });
      rows.push(Object.fromEntries(values) as Row);
      row.next();
    }
    return rows;
  }, sql);
}
