/**
 * Pauses and resumes downloads. Pass one to a call in the same way as the signal of an `AbortController`. What has
 * arrived stays stored. While one tab is paused, another tab can download the same model.
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
   * Calls `listener` at once if the download is paused, and then at every change.
   *
   * @returns a function that ends the calls of `listener`
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
