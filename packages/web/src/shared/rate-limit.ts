/**
 * Reads how long a server asks clients to wait, from the headers of its answer: `Retry-After`, and the
 * `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers, as the Hugging Face Hub
 * sends them (https://huggingface.co/docs/hub/rate-limits):
 *
 *     RateLimit: "api";r=0;t=55
 *     RateLimit-Policy: "fixed window";"api";q=500;w=300
 */

/** The wait in milliseconds; undefined if the answer does not tell it, or hides it from other origins. */
export function readWait(headers: Headers): number | undefined {
  const asked = parseRetryAfter(headers.get("retry-after"));
  if (asked !== undefined) return asked;
  const seconds =
    readLongest(headers.get("ratelimit"), "t") ?? readLongest(headers.get("ratelimit-policy"), "w");
  return seconds === undefined ? undefined : seconds * 1000;
}

/** Takes seconds or an HTTP date, and returns milliseconds from now. */
export function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** The greatest value of a parameter among the limits that are used up; if none is, among all limits. */
function readLongest(header: string | null, parameter: "t" | "w"): number | undefined {
  const limits = (header ?? "").split(",").map(readParameters);
  const usedUp = limits.filter((limit) => limit.get("r") === 0);
  const values = (usedUp.length > 0 ? usedUp : limits).flatMap(
    (limit) => limit.get(parameter) ?? [],
  );
  return values.length > 0 ? Math.max(...values) : undefined;
}

/** The whole numbers among the parameters of one limit: names in quotes have none. */
function readParameters(limit: string): ReadonlyMap<string, number> {
  const pairs = limit.split(";").flatMap((part): [string, number][] => {
    const [, name, value] = /^\s*([a-z]+)\s*=\s*(\d+)\s*$/.exec(part) ?? [];
    return name === undefined ? [] : [[name, Number(value)]];
  });
  return new Map(pairs);
}
