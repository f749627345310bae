import type { ModelFile } from "@fastvlm-kit/web";

type Files = Readonly<Record<string, ModelFile>>;

/** The files at another address. A relative one is relative to the page. */
export function filesAt(baseUrl: string | URL | undefined, files: Files): Files {
  if (baseUrl === undefined) return files;
  const folder = new URL(baseUrl, typeof document === "undefined" ? undefined : document.baseURI);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return Object.fromEntries(
    Object.entries(files).map(([path, file]) => [
      path,
      { ...file, url: new URL(path, folder).href },
    ]),
  );
}
