/** Opens a graph's file, and its external files with weights, from the store. */

import type { ModelFiles } from "../download/model-files.ts";
import type { GraphFile } from "../engines/graph-file.ts";
import { folderOf } from "../schema/manifest-fields.ts";
import type { GraphName, ModelVariant } from "../protocol/model-descriptor.ts";
import type { StoredFile } from "../storage/verify-ahead.ts";

/** @throws {VlmError} the errors of reading a model's files */
export async function openGraph(
  files: Pick<ModelFiles, "open">,
  variant: ModelVariant,
  graph: GraphName,
): Promise<GraphFile> {
  const [path, ...others] = pathsOf(variant, graph);
  const opened: GraphFile[] = [];
  const close = (): void => {
    for (const file of opened) file.close();
  };
  try {
    for (const one of [path, ...others]) opened.push(await files.open(one));
  } catch (error) {
    close();
    throw error;
  }
  const [file, ...data] = opened as [GraphFile, ...GraphFile[]];
  const externalData = data.map((source, index) => ({
    location: others[index]!.slice(folderOf(path).length),
    source,
  }));
  const read = (start: number, end: number): Uint8Array => file.read(start, end);
  return { size: file.size, read, close, ...(data.length > 0 && { externalData }) };
}

/** The files that {@link openGraph} will open, as far as they are stored. */
export async function findGraph(
  files: Pick<ModelFiles, "find">,
  variant: ModelVariant,
  graph: GraphName,
): Promise<StoredFile[]> {
  const found = await Promise.all(pathsOf(variant, graph).map((path) => files.find(path)));
  return found.filter((one) => one !== undefined);
}

function pathsOf({ graphs, externalData }: ModelVariant, graph: GraphName): [string, ...string[]] {
  return [graphs[graph], ...(externalData?.[graph] ?? [])];
}
