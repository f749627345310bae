/** Whether the files of a model can be fetched as the kit fetches them: in ranges, and as they are. */

import type { Check, Finding } from "../finding.ts";
import type { ObservedFile } from "../observation.ts";
import { isCompressed } from "./delivery.ts";
import { listAnswered, urlsOf } from "./page-answer.ts";

/** What the kit reads of the answers of another origin. */
const EXPOSED = ["content-range", "etag"];

export const checkModelFiles: Check = (observed) => {
  const weights = listAnswered(observed, "weights");
  if (weights.length === 0) {
    return [
      {
        check: "model-files",
        level: "note",
        message: "The page fetched no weights of a model during the visit.",
        advice: "Name some with --file, or a button that loads the model with --click.",
      },
    ];
  }
  const find = (
    level: Finding["level"],
    message: string,
    advice: string,
    isBad: (file: (typeof weights)[number]) => boolean,
  ): Finding[] => {
    const bad = weights.filter(isBad);
    if (bad.length === 0) return [];
    return [{ check: "model-files", level, message, advice, urls: urlsOf(bad) }];
  };
  const findings = [
    ...find(
      "error",
      "A range of the weights comes compressed: it is no range of the file, and its hash is wrong.",
      "Send weights without Content-Encoding.",
      ({ range }) => range?.status === 206 && isCompressed(range),
    ),
    ...find(
      "warning",
      "The weights are not sent in ranges: a download that breaks off begins again.",
      "Answer Range with 206 and Content-Range.",
      ({ range }) =>
        range?.status !== 206 || !(range.headers["content-range"] ?? "").startsWith("bytes 0-15/"),
    ),
    ...find(
      "warning",
      "The weights come compressed where no range is asked for: it costs time, and they hardly get smaller.",
      "Leave weights out of the compression.",
      ({ whole, range }) => isCompressed(whole) && !(range?.status === 206 && isCompressed(range)),
    ),
    ...find(
      "warning",
      "The weights come without a length: progress and the limits of storage cannot be told.",
      "Send Content-Length.",
      (file) => lengthOf(file) === undefined,
    ),
    ...find(
      "warning",
      "The weights come without an ETag: a file that changes during a download is noticed by its hash only.",
      "Send ETag, or at least Last-Modified.",
      ({ whole: { headers } }) =>
        headers["etag"] === undefined && headers["last-modified"] === undefined,
    ),
    ...find(
      "warning",
      "The host of the weights does not show all headers that the kit reads.",
      "Send Access-Control-Expose-Headers: ETag, Content-Length, Content-Range, Accept-Ranges.",
      ({ isOwn, whole: { headers } }) => {
        const exposed = (headers["access-control-expose-headers"] ?? "").toLowerCase();
        return !isOwn && exposed !== "*" && !EXPOSED.every((name) => exposed.includes(name));
      },
    ),
  ];
  if (findings.length > 0) return findings;
  const message = `${String(weights.length)} files of weights come in ranges, as they are.`;
  return [{ check: "model-files", level: "ok", message }];
};

/** Also of a compressed answer, whose range tells it. */
function lengthOf({ whole, range }: ObservedFile): string | undefined {
  return (
    whole?.headers["content-length"] ?? /\/(\d+)$/.exec(range?.headers["content-range"] ?? "")?.[1]
  );
}
