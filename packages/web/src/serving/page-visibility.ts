/** Tells whether the user sees the page. A page that is closed or left is hidden first. */

export interface PageVisibility {
  isHidden(): boolean;
  /** Calls `listener` after each change, until the signal aborts. */
  follow(listener: () => void, signal: AbortSignal): void;
}

export function watchPage(): PageVisibility {
  const page = (globalThis as { document?: Document }).document;
  let isLeft = false;
  return {
    isHidden: () => isLeft || page?.visibilityState === "hidden",
    follow(listener, signal) {
      page?.addEventListener("visibilitychange", listener, { signal });
      // Safari closes a tab without `visibilitychange`.
      for (const type of ["pagehide", "pageshow"]) {
        const onChange = (): void => {
          isLeft = type === "pagehide";
          listener();
        };
        globalThis.addEventListener(type, onChange, { signal });
      }
    },
  };
}
