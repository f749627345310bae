/**
 * Regular expressions as state machines that read one character after the other. They are parsed by regjsparser; whether a
 * character belongs to a class is asked of the browser's own engine, so that classes mean exactly what they mean there.
 */

import { WrongArgument } from "../protocol/wrong-argument.ts";
// A CommonJS module: Node finds no names in it, and bundlers do.
import regjsparser, { type AstNode } from "regjsparser";
import { charactersFrom } from "./utf8.ts";

/** A class of characters, or one character. */
interface CharacterClass {
  has(character: string): boolean;
  /** Whether it has a character whose UTF-8 begins with these bytes. */
  hasFrom(bytes: readonly number[]): boolean;
  /** The fewest bytes of UTF-8 of one of its characters, or more. */
  readonly bytes: number;
}

/** A step from one state to another, by one character. */
export interface Step {
  readonly by: CharacterClass;
  readonly to: number;
}

/** A nondeterministic automaton; state 0 is the first. */
export interface Automaton {
  readonly steps: readonly (readonly Step[])[];
  /** Where a state leads without a character. */
  readonly jumps: readonly (readonly number[])[];
  readonly last: number;
}

/** A repetition of a long expression becomes as many states as it may have characters. */
const MOST_STATES = 20_000;

type Unicode = Record<"unicodePropertyEscape" | "namedGroups", true>;
type Node = AstNode<Unicode>;

/**
 * @param source as of a RegExp. The whole answer has to match it
 * @param ignoreCase as the flag `i`
 * @throws {TypeError} when it is no regular expression, is too large, or needs to look around or back
 */
export function readPattern(source: string, ignoreCase = false): Automaton {
  const flags = ignoreCase ? "iu" : "u";
  const steps: Step[][] = [];
  const jumps: number[][] = [];
  const classes = new Map<string, CharacterClass>();
  const addState = (): number => {
    if (steps.length >= MOST_STATES) throw refused("is too large: it repeats too much");
    jumps.push([]);
    return steps.push([]) - 1;
  };
  const addStep = (from: number, raw: string): number => {
    const to = addState();
    const by = classes.get(raw) ?? readClass(raw, flags);
    classes.set(raw, by);
    steps[from]!.push({ by, to });
    return to;
  };

  /** @returns the state after the node */
  const build = (node: Node, from: number): number => {
    switch (node.type) {
      case "alternative":
        return node.body.reduce((state, part) => build(part, state), from);
      case "disjunction": {
        const end = addState();
        for (const way of node.body) {
          const start = addState();
          jumps[from]!.push(start);
          jumps[build(way, start)]!.push(end);
        }
        return end;
      }
      case "group":
        if (node.behavior !== "normal" && node.behavior !== "ignore")
          throw refused("looks ahead or behind");
        return node.body.reduce((state, part) => build(part, state), from);
      case "quantifier":
        return repeat(node.body[0], node.min, node.max, from);
      case "value":
      case "dot":
      case "characterClass":
      case "characterClassEscape":
      case "unicodePropertyEscape":
        return addStep(from, node.raw);
      case "anchor":
        throw refused("has `^`, `$` or `\\b` inside; the whole answer has to match anyway");
      default:
        throw refused(`uses what a form cannot have (${node.raw})`);
    }
  };
  const repeat = (node: Node, min: number, max: number | undefined, from: number): number => {
    let state = from;
    for (let count = 0; count < min; count++) state = build(node, state);
    if (max === undefined) {
      const start = addState();
      jumps[state]!.push(start);
      const end = build(node, start);
      jumps[end]!.push(start);
      return start;
    }
    const end = addState();
    for (let count = min; count < max; count++) {
      jumps[state]!.push(end);
      state = build(node, state);
    }
    jumps[state]!.push(end);
    return end;
  };

  const first = addState();
  const last = build(withoutAnchors(parsePattern(source)), first);
  return { steps, jumps, last };
}

function parsePattern(source: string): Node {
  try {
    return regjsparser.parse(source, "u", { unicodePropertyEscape: true, namedGroups: true });
  } catch (error) {
    throw refused(`is none: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Leaves out a `^` at the very beginning and a `$` at the very end, which change nothing. */
function withoutAnchors(node: Node): Node {
  if (node.type !== "alternative") return node;
  const isAnchor = (part: Node | undefined, kind: "start" | "end"): boolean =>
    part?.type === "anchor" && part.kind === kind;
  const from = isAnchor(node.body[0], "start") ? 1 : 0;
  const to = isAnchor(node.body.at(-1), "end") ? node.body.length - 1 : node.body.length;
  return { ...node, body: node.body.slice(from, to) };
}

/** @param raw as the expression has it */
function readClass(raw: string, flags: string): CharacterClass {
  const pattern = new RegExp(`^(?:${raw})$`, flags);
  const has = remember((character: string) => pattern.test(character));
  const hasSome = remember((key: string) => charactersFrom(key.split(",").map(Number)).some(has));
  return {
    has,
    hasFrom: (bytes) => hasSome(bytes.join()),
    bytes: ASCII.some(has) ? 1 : LONGEST_CHARACTER,
  };
}

function remember(find: (key: string) => boolean): (key: string) => boolean {
  const known = new Map<string, boolean>();
  return (key) => {
    const is = known.get(key) ?? find(key);
    known.set(key, is);
    return is;
  };
}

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
const LONGEST_CHARACTER = 4;

function refused(why: string): WrongArgument {
  return new WrongArgument(`The regular expression of \`format\` ${why}.`);
}
