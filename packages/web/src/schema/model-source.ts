/** A model that comes from a branch or tag of a hub's repository, and the same model at one commit. */

import { isCacheName, isCommit, isDots, isSafePath } from "./manifest-fields.ts";
import type { ModelDescriptor, ModelSource } from "../protocol/model-descriptor.ts";

/** Where a hub has the files of one revision; their paths follow. */
export function baseOf({ endpoint, repository }: ModelSource, revision: string): string {
  return `${endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/`;
}

/** Where a hub says which commit a branch or tag is at. */
export function commitAddressOf({ endpoint, repository, revision }: ModelSource): string {
  return `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
}

/**
 * The model as it is at `commit`: its revision is the commit, and its files come from there. Files that
 * are elsewhere stay where they are. A model without a source is what it was.
 */
export function atCommit(model: ModelDescriptor, commit: string): ModelDescriptor {
  const { source, ...rest } = model;
  if (!source || !isCommit(commit)) return model;
  const [branch, base] = [baseOf(source, source.revision), baseOf(source, commit)];
  const files = Object.entries(model.files).map(([path, file]) => {
    const isFromBranch = file.url.startsWith(branch);
    return [path, isFromBranch ? { ...file, url: base + file.url.slice(branch.length) } : file];
  });
  return {
    ...rest,
    revision: commit,
    files: Object.fromEntries(files) as ModelDescriptor["files"],
  };
}

/** What is wrong with a source, as a reason of `model-invalid`; undefined where nothing is. */
export function faultOfSource({ endpoint, repository, revision }: ModelSource): string | undefined {
  if (typeof endpoint !== "string" || !isEndpoint(endpoint)) {
    return "endpoint is not an http address without user name, query and slash at its end";
  }
  if (!isSafePath(repository) || repository.split("/").length !== 2) {
    return "repository is not `owner/name`";
  }
  return isRevisionName(revision) ? undefined : "revision is not a branch or a tag";
}

/** An absolute address, or a path on the page's own host. */
const ENDPOINT = /^(https?:\/\/[^\s/?#@\\]+)?(\/[^\s/?#@\\]+)*$/i;

function isEndpoint(value: string): boolean {
  return value !== "" && ENDPOINT.test(value) && !value.split("/").some(isDots);
}

/** A name that git allows; a dot in the wrong place would lead elsewhere in the hub's API. */
export function isRevisionName(value: string): boolean {
  return isCacheName(value) && !value.startsWith(".") && !value.includes("..");
}
