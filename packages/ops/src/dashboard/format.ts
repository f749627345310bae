/** Numbers as people read them. What is not known is a dash. */

const UNKNOWN = "–";

const known =
  (write: (value: number) => string) =>
  (value: number | undefined): string =>
    value === undefined ? UNKNOWN : write(value);

/** Three digits, and whole numbers in full. */
export const formatNumber = known((value) =>
  Number.isInteger(value)
    ? value.toLocaleString("en")
    : value.toLocaleString("en", { maximumSignificantDigits: 3 }),
);

export const formatSeconds = known((seconds) => {
  if (seconds === 0) return "0 ms";
  if (seconds < 1) return `${formatNumber(round(seconds * 1000))} ms`;
  return seconds < 120
    ? `${formatNumber(round(seconds))} s`
    : `${formatNumber(round(seconds / 60))} min`;
});

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

export const formatBytes = known((bytes) => {
  const power = bytes < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${formatNumber(round(bytes / 1000 ** power))} ${BYTE_UNITS[power]!}`;
});

export const formatShare = known((share) => `${formatNumber(round(share * 100))} %`);

/** The time of day. */
export const formatTime = known((at) => new Date(at).toLocaleTimeString("en-GB"));

export const formatMoment = known((at) => new Date(at).toLocaleString("en-GB"));

function round(value: number): number {
  return Number(value.toPrecision(3));
}
