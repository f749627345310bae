/**
 * Pauses and resumes downloads, as `AbortController` aborts them. What has arrived stays stored, and
 * a paused download holds up no other tab's.
 *
 * @example
 * const control = new DownloadControl();
 * button.onclick = () => (control.isPaused ? control.resume() : control.pause());
 * await library.prepareOffline(model, { control });
 */
export class DownloadControl {
  readonly #listeners = new Set<(isPaused: boolean) => void>();
  #isPaused = false;

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#set(true);
  }

  resume(): void {
    this.#set(false);
  }

  /**
   * Calls `listener` now where the download is paused, and at every change.
   *
   * @returns to be called when no further call is wanted
   * @internal
   */
  follow(listener: (isPaused: boolean) => void): () => void {
    this.#listeners.add(listener);
    if (this.#isPaused) listener(true);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #set(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    for (const listener of this.#listeners) listener(isPaused);
  }
}
