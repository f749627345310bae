/** Neither an array nor a Map, a Promise or another object that keeps elsewhere what it holds. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  return Object.prototype.toString.call(value) === "[object Object]";
}
