/**
 * The address of a worker's script. Browsers start workers only from scripts of the page's own origin. A script of another
 * origin is imported by a Blob's script, which remembers its address.
 */

const SCRIPT: unique symbol = Symbol.for("fastvlm-kit.script");

/** A script that imports the one at `url`. */
export function toImportingScript(url: string): Blob {
  const address = JSON.stringify(url);
  const text = `import ${address}; self[Symbol.for("fastvlm-kit.script")] = ${address};`;
  return new Blob([text], { type: "text/javascript" });
}

/** The address of this worker's script, also if a Blob's script imports it. */
export function workerScriptUrl(): string {
  const { [SCRIPT]: imported } = globalThis as { readonly [SCRIPT]?: string };
  return imported ?? globalThis.location.href;
}
