/** From a request to its answer: what there is at the path, and what goes wrong with it. */

import {
  answerHonestly,
  parseRange,
  type Answer,
  type Asked,
  type ByteRange,
} from "./byte-range.ts";
import { answerText, answerWithFault } from "./fault-answer.ts";
import { strike, type Fault, type Strikes } from "./faults.ts";
import { answerAsHub, isHubPath, isHubRedirect, type HubSettings } from "./hub-api.ts";
import { findContent, type Content, type Sources } from "./served-content.ts";

/** What an answer depends on besides the request. */
export interface Circumstances {
  readonly sources: Sources;
  readonly hub: HubSettings;
  readonly faults: readonly Fault[];
  readonly strikes: Strikes;
}

export interface Decision {
  readonly answer: Answer;
  /** The bytes asked for, where there is a file. */
  readonly range?: ByteRange;
  readonly delayMs: number;
  readonly bytesPerSecond?: number | undefined;
  readonly hidesHeaders: boolean;
}

/** Decides once, on arrival: a fault that is removed during a delay has struck all the same. */
export async function decideAnswer(
  url: URL,
  asked: Asked,
  { sources, hub, faults, strikes }: Circumstances,
): Promise<Decision> {
  const path = decodeURIComponent(url.pathname);
  const found = await find(url, path, hub, sources);
  const content = "bytes" in found ? found : undefined;
  const wanted = content && parseRange(asked.range, content.bytes.length);
  const relevant = isHubRedirect(path)
    ? faults.filter((fault) => fault.path.startsWith("/hub/"))
    : faults;
  const struck = strike(relevant, strikes, path, asked, content);
  const honest = "bytes" in found ? answerHonestly(found, asked) : found;
  return {
    answer: struck.answer ? answerWithFault(struck.answer, asked, content) : honest,
    ...(wanted && { range: wanted.range }),
    delayMs: struck.delay?.ms ?? 0,
    bytesPerSecond: struck.slow?.bytesPerSecond,
    hidesHeaders: struck["hide-headers"] !== undefined,
  };
}

async function find(
  url: URL,
  path: string,
  hub: HubSettings,
  sources: Sources,
): Promise<Content | Answer> {
  if (isHubPath(path)) return answerAsHub(url, hub, sources);
  return (await findContent(path, sources)) ?? answerText(404, "not found");
}
