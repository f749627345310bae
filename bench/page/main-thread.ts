/** How long the page's main thread was held up. */

/** Gives a function that tells, and forgets, the longest task so far. */
export function watchLongTasks(): () => number {
  let longest = 0;
  const see = (entries: PerformanceEntryList): void => {
    for (const { duration } of entries) longest = Math.max(longest, duration);
  };
  const observer = new PerformanceObserver((list) => {
    see(list.getEntries());
  });
  observer.observe({ type: "longtask" });
  return () => {
    see(observer.takeRecords());
    const seen = longest;
    longest = 0;
    return seen;
  };
}
