/** Copies a caption, and says what came of it where the caption is. */

export async function copyText(source: HTMLTextAreaElement, status: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(source.value);
    status.textContent = "Copied";
  } catch {
    source.select();
    status.textContent = "The browser refused to copy. The text is selected: copy it by hand.";
  }
}
