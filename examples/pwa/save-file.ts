/** Hands a text to the user as a file. */

// The browser reads the address when the download begins, which is some time after the click.
const REVOKE_AFTER_MS = 60_000;

export function saveFile(name: string, type: string, text: string): void {
  const href = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement("a"), { href, download: name });
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(href);
  }, REVOKE_AFTER_MS);
}
