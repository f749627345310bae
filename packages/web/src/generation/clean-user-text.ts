/**
 * Normalises text to NFC, and removes characters that are invisible or change the order of text. No question needs them,
 * and they are used to hide one. Newlines and tabs stay. So do the two joiners where writing needs them: between the parts
 * of one emoji, and after letters whose form they change, as in Persian and Hindi. And so do the tag characters of the flags
 * of England, Texas and other parts of countries.
 *
 * This is no boundary: what keeps a user's text apart from control tokens is that it is encoded by itself.
 */
export function cleanUserText(text: string): string {
  // NFC comes last, because a removed character may have been between a letter and its accent.
  return text
    .replace(INVISIBLE, "")
    .replace(PRIVATE_SLOTS, "")
    .replace(TAGS, "$<flag>")
    .replace(JOINERS, "$<kept>")
    .normalize("NFC");
}

// C0 and C1 controls but \t and \n; the zero-width space; bidirectional controls; word joiner; BOM.
const INVISIBLE =
  // eslint-disable-next-line no-control-regex -- control characters are what this removes
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/gu;
/** Marks of the places for texts in a rendered template. */
const PRIVATE_SLOTS = /[\uE000\uE001]/g;

/**
 * Tag characters: invisible copies of ASCII, which can hide a whole sentence. The only emoji that has them is the black
 * flag, followed by the code of a region and of a part of it, and by the tag that ends the code (UTS #51, emoji tag
 * sequences). `flag` is such a flag. No other base and no other text is taken for an emoji, however well-formed it is.
 */
const TAGS =
  /(?<flag>\u{1F3F4}(?:[\u{E0061}-\u{E007A}]{2}|[\u{E0030}-\u{E0039}]{3})[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,4}\u{E007F})|[\u{E0000}-\u{E007F}]/gu;

/** Scripts whose letters join or form ligatures (Unicode 17, 23.2, "Cursive connection and ligatures"). */
const JOINING_SCRIPTS = [
  ...["Arab", "Syrc", "Mand", "Mong", "Nkoo", "Adlm", "Rohg", "Phag"],
  ...["Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh"],
  ...["Khmr", "Mymr", "Tibt", "Bali", "Java", "Newa", "Cakm"],
];
/** A letter with its marks; NFC may change the order of the marks, and not the letter before them. */
const LETTER = `(?=\\p{L})[${JOINING_SCRIPTS.map((script) => `\\p{scx=${script}}`).join("")}]\\p{M}*`;
/** With a skin tone, or the mark that asks for its coloured form. */
const EMOJI = "\\p{Extended_Pictographic}[\\uFE0F\\u{1F3FB}-\\u{1F3FF}]?";

/** The zero-width joiner and non-joiner; `kept` is one that has work to do. */
const JOINERS = new RegExp(
  `(?<kept>(?<=${EMOJI})\\u200D(?=\\p{Extended_Pictographic})|(?<=${LETTER})[\\u200C\\u200D](?![\\u200C\\u200D]))|[\\u200C\\u200D]`,
  "gu",
);
