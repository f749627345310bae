/** Calls into the app's own code. What it throws is the app's to see, and never reaches inference. */

/** @returns a function that never throws; errors go to the page's `error` event. */
export function guardCallback<T>(callback: ((value: T) => void) | undefined): (value: T) => void {
  return (value) => {
    try {
      callback?.(value);
    } catch (error) {
      reportError(error);
    }
  };
}
