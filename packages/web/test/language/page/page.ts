import { wrap } from "comlink";
import type { Measurer } from "../measurer.ts";
import type { DecoderFiles } from "../open-runtime.ts";

export interface PageFiles extends Omit<DecoderFiles, "read"> {
  /** The model's folder on the disk. Vite serves the files of this repository. */
  readonly folder: string;
  /** Files that lie elsewhere. */
  readonly urls: Readonly<Record<string, string>>;
}

/** What the worker does for the page, and the page for the script that steers Chromium. */
export interface PageMeasurer extends Pick<Measurer, "measure" | "measureSpeed"> {
  /** Returns what the device is called, and which features it has. */
  open(files: PageFiles): Promise<string>;
}

declare global {
  interface Window {
    measurer: PageMeasurer;
  }
}

const worker = new Worker(new URL("./language.worker.ts", import.meta.url), { type: "module" });
const remote = wrap<PageMeasurer>(worker);

window.measurer = {
  open: (files) => remote.open(files),
  measure: (...work) => remote.measure(...work),
  measureSpeed: (...work) => remote.measureSpeed(...work),
};
