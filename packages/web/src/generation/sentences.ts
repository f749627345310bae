/** Trims captions: to whole sentences, to a number of words, and without an opening such as "The image shows". */

// An end of sentence: punctuation, closing quotes or brackets, then a space or the end; full-width
// punctuation needs no space. Not after a single letter ("U.S. flag") or a common abbreviation.
const SENTENCE_END = /[.!?…]["'”’)\]]*(?=\s|$)|[。！？]["'”’」』）)\]]*/gu;
// `\b` would take the é of "café" and the s of "Paul's" for words of one letter.
const ABBREVIATION =
  /(?<![\p{L}\p{N}'’])(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|vs|etc|e\.g|i\.e|approx|No|\p{L})\.$/u;

/** `text` up to its last whole sentence; the whole text if no sentence ends. */
export function endOnSentence(text: string): string {
  const ends = sentenceEnds(text);
  const last = ends.at(-1);
  return last === undefined ? text.trim() : text.slice(0, last).trim();
}

/** How many words `text` has. */
export function countWords(text: string): number {
  return text.split(/\s+/u).filter((word) => word !== "").length;
}

/**
 * `text` with at most `maxWords` words: as many whole sentences as fit. If not even one fits, its first words and a full
 * stop.
 */
export function limitWords(text: string, maxWords: number): string {
  if (countWords(text) <= maxWords) return text.trim();
  const fitting = sentenceEnds(text).filter((end) => countWords(text.slice(0, end)) <= maxWords);
  const last = fitting.at(-1);
  if (last !== undefined) return text.slice(0, last).trim();
  const words = text.trim().split(/\s+/u).slice(0, maxWords).join(" ");
  return `${words.replace(/[\s.,;:–—-]+$/u, "")}.`;
}

/** `text` without an opening such as "The image depicts": a screen reader has said "image" already. */
export function stripLeadIn(text: string): string {
  const stripped = text.replace(LEAD_IN, "");
  if (stripped === "" || stripped === text) return text;
  return stripped.charAt(0).toLocaleUpperCase("en") + stripped.slice(1);
}

const LEAD_IN =
  /^\s*(?:in\s+)?(?:the|this|an?)\s+(?:image|picture|photo|photograph|drawing|illustration)\s+(?:shows|depicts|displays|features|presents|captures|contains|is of)\s+/iu;

function sentenceEnds(text: string): number[] {
  const ends: number[] = [];
  for (const match of text.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    const isLast = end === text.trimEnd().length;
    if (isLast || !ABBREVIATION.test(text.slice(0, match.index + 1))) ends.push(end);
  }
  return ends;
}
