import type { Answer, Observation, ObservedFile } from "../observation.ts";

/** The answer with the page's HTML. */
export function pageAnswer({ files }: Observation): Answer | undefined {
  return files.find(({ kind }) => kind === "page")?.whole;
}

/** The files with a good answer. What failed is a finding of `files` only. */
export function listAnswered(
  { files }: Observation,
  ...kinds: readonly ObservedFile["kind"][]
): (ObservedFile & { whole: Answer })[] {
  return files.flatMap((file) =>
    file.whole && isGood(file.whole) && (kinds.length === 0 || kinds.includes(file.kind))
      ? [{ ...file, whole: file.whole }]
      : [],
  );
}

export function isGood({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

export function urlsOf(files: readonly { readonly url: string }[]): string[] {
  return files.map(({ url }) => url.split("?")[0]!);
}
