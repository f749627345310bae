/**
 * Reads a chat template as data. A template is a program in Jinja that a stranger wrote, so it is never executed: its
 * statements are listed here in one fixed spelling, and a family compares the list with the templates that it knows.
 *
 * The spelling is free of what does not change the result: white space in tags, comments, kinds of quotes, `a.b` for
 * `a['b']`, names of loop variables, and whether text stands between tags or is an expression. The rules for white space
 * around tags are those of transformers (`trim_blocks` and `lstrip_blocks`, in `utils/chat_template_utils.py`).
 */

/**
 * The statements of a template, in order: text as a JSON string, expressions as `{{…}}`, and tags as `{%…%}`. The variable
 * of the outermost loop is called `v0`, that of a loop in it `v1`.
 */
export type TemplateShape = readonly string[];

/** Far above the longest templates that are published, in UTF-16 units. */
const LONGEST = 32_768;

/** Far above the depth of loops in them. */
const DEEPEST = 16;

/** @returns undefined for a text that is no template, or is longer or deeper than any that is known */
export function readTemplateShape(template: string): TemplateShape | undefined {
  if (template.length > LONGEST) return undefined;
  const segments = splitAtTags(template.replace(/\n$/, ""));
  if (segments === undefined) return undefined;
  const statements: Statement[] = [];
  const loops: string[] = [];
  for (const segment of segments) {
    if (segment.kind === "text") statements.push(segment);
    if (segment.kind === "print") statements.push(...readSum(rename(segment.code, loops)));
    if (segment.kind === "tag") {
      if (segment.code.startsWith("for ")) loops.push(segment.code.split(" ", 2)[1] ?? "");
      if (loops.length > DEEPEST) return undefined;
      statements.push({ kind: "tag", code: rename(segment.code, loops) });
      if (segment.code === "endfor") loops.pop();
    }
  }
  return withoutTools(mergeTexts(statements).map(spell));
}

type Statement =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print" | "tag"; readonly code: string };

const CLOSING = { "{{": "}}", "{%": "%}", "{#": "#}" } as const;

/** Splits a template, and removes the white space that Jinja removes around tags. */
function splitAtTags(template: string): Statement[] | undefined {
  const statements: Statement[] = [];
  let at = 0;
  let trims: "line" | "all" | undefined;
  const addText = (end: number, next: string): void => {
    let text = template.slice(at, end);
    if (next.endsWith("-")) text = text.trimEnd();
    else if (next === "{%" || next === "{#")
      text = text.replace(at === 0 ? /(^|\n)[ \t]*$/ : /(\n)[ \t]*$/, "$1");
    if (trims === "all") text = text.trimStart();
    if (trims === "line") text = text.replace(/^\n/, "");
    if (text !== "") statements.push({ kind: "text", text });
  };
  for (const { index } of template.matchAll(/\{[{%#]/g)) {
    if (index < at) continue;
    const opening = template.slice(index, index + 2) as keyof typeof CLOSING;
    const end = template.indexOf(CLOSING[opening], index + 2);
    if (end === -1) return undefined;
    const inside = template.slice(index + 2, end);
    addText(index, inside.startsWith("-") ? `${opening}-` : opening);
    if (opening !== "{#") {
      const code = spellCode(inside.replace(/^-|-$/g, ""));
      statements.push({ kind: opening === "{{" ? "print" : "tag", code });
    }
    at = end + 2;
    trims = inside.endsWith("-") ? "all" : opening === "{{" ? undefined : "line";
  }
  addText(template.length, "");
  return statements;
}

/** A string of Jinja in single or double quotes. */
const STRING = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/;
const STRINGS = new RegExp(`(${STRING.source})`, "s");
const WHOLE_STRING = new RegExp(`^(?:${STRING.source})$`, "s");

/** Writes code without needless white space, strings in double quotes, and `a.b` as `a["b"]`. */
function spellCode(code: string): string {
  return code
    .split(STRINGS)
    .map((part, index) => (index % 2 === 1 ? JSON.stringify(readString(part)) : spellPlain(part)))
    .join("")
    .trim();
}

function spellPlain(code: string): string {
  return code
    .replace(/\s+/g, " ")
    .replace(/ ?([^\w\s]) ?/g, "$1")
    .replace(/\.(?!first\b|last\b|index0?\b)([a-z_]\w*)/gi, '["$1"]');
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function readString(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char);
}

function rename(code: string, loops: readonly string[]): string {
  if (loops.length === 0) return code;
  return code
    .split(STRINGS)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replace(/\w+/g, (word) => {
            const depth = loops.lastIndexOf(word);
            return depth === -1 ? word : `v${String(depth)}`;
          }),
    )
    .join("");
}

/** Reads `'a' + b + 'c'` as text, expression and text. */
function readSum(code: string): Statement[] {
  const terms = code.split(STRINGS);
  const isSum = terms.every(
    (part, index) => index % 2 === 1 || !/[()|~*/-]/.test(part) || terms.length === 1,
  );
  if (!isSum) return [{ kind: "print", code }];
  // Strings in brackets are names, as in message["role"].
  return splitSum(terms).map((term): Statement => {
    return WHOLE_STRING.test(term)
      ? { kind: "text", text: JSON.parse(term) as string }
      : { kind: "print", code: term };
  });
}

function splitSum(parts: readonly string[]): string[] {
  const terms = [""];
  for (const [index, part] of parts.entries()) {
    const [first = "", ...rest] = index % 2 === 1 ? [part] : part.split("+");
    terms.push(`${terms.pop() ?? ""}${first}`, ...rest);
  }
  return terms;
}

function mergeTexts(statements: readonly Statement[]): Statement[] {
  const merged: Statement[] = [];
  for (const statement of statements) {
    const last = merged.at(-1);
    if (statement.kind === "text" && last?.kind === "text")
      merged[merged.length - 1] = { kind: "text", text: last.text + statement.text };
    else merged.push(statement);
  }
  return merged;
}

function spell(statement: Statement): string {
  if (statement.kind === "text") return JSON.stringify(statement.text);
  return statement.kind === "print" ? `{{${statement.code}}}` : `{%${statement.code}%}`;
}

/** Branches that only turns of tools reach, which the kit never writes. */
const TOOL_TURNS = new Set(['{%elif v0["role"]=="assistant"%}', '{%elif v0["role"]=="tool"%}']);

/** Leaves out what a template says only where there are tools. */
function withoutTools(shape: TemplateShape): TemplateShape {
  const kept: string[] = [];
  /** For each open `if`: whether its present branch is kept, and whether it asks for tools. */
  const branches: { isKept: boolean; readonly asksForTools: boolean }[] = [];
  for (const statement of shape) {
    const branch = branches.at(-1);
    if (statement.startsWith("{%if ") || statement.startsWith("{%if(")) {
      const asksForTools = statement === "{%if tools%}";
      const isKept = branch?.isKept !== false;
      if (isKept && !asksForTools) kept.push(statement);
      branches.push({ isKept: isKept && !asksForTools, asksForTools });
      continue;
    }
    const outer = branches.at(-2)?.isKept !== false;
    if (statement === "{%endif%}") {
      branches.pop();
      if (outer && branch?.asksForTools === false) kept.push(statement);
      continue;
    }
    if (branch && (statement === "{%else%}" || statement.startsWith("{%elif"))) {
      branch.isKept = outer && !TOOL_TURNS.has(statement);
      if (branch.isKept && !branch.asksForTools) kept.push(statement);
      continue;
    }
    if (branch?.isKept !== false) kept.push(statement);
  }
  return kept;
}
