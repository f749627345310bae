/** Calls the app's own functions. Their errors are reported to the app, and never disturb inference. */

/** @returns a function that never throws; errors of `callback` go to the page's `error` event */
export function guardCallback<T>(callback: ((value: T) => void) | undefined): (value: T) => void {
  return (value) => {
    try {
      callback?.(value);
    } catch (error) {
      reportError(error);
    }
  };
}
