import { describe, expect, it } from "vitest";
import { countWords, endOnSentence, limitWords, stripLeadIn } from "./sentences.ts";

describe("endOnSentence", () => {
  it.each([
    ["A cat sits. A dog runs. The bir", "A cat sits. A dog runs."],
    ["Is it red? It is! Perh", "Is it red? It is!"],
    ["It goes on… and", "It goes on…"],
    ['It says "Stop." A man wal', 'It says "Stop."'],
    ["It says “Stop!” (twice.) A man", "It says “Stop!” (twice.)"],
    ["Mr. Smith stands by St. Paul's. He wav", "Mr. Smith stands by St. Paul's."],
    ["The U.S. flag flies. It", "The U.S. flag flies."],
    ["Fruit, e.g. apples, lies on a table. Beh", "Fruit, e.g. apples, lies on a table."],
    ["It costs 3.50 dollars. Th", "It costs 3.50 dollars."],
    ["A man at the café. A woman", "A man at the café."],
    ["一只猫坐着。它很", "一只猫坐着。"],
    ["One line.\nAnother l", "One line."],
  ])("cuts %j after its last whole sentence", (text, expected) => {
    expect(endOnSentence(text)).toBe(expected);
  });

  it("takes an abbreviation at the very end for the end of a sentence", () => {
    expect(endOnSentence("A flag. It is of the U.S.")).toBe("A flag. It is of the U.S.");
  });

  it("keeps text in which no sentence ends", () => {
    expect(endOnSentence("  a red circle ")).toBe("a red circle");
    expect(endOnSentence("Mr. Smith and")).toBe("Mr. Smith and");
    expect(endOnSentence("")).toBe("");
  });
});

describe("countWords", () => {
  it.each([
    ["", 0],
    [" \n ", 0],
    ["one", 1],
    [" one  two\nthree ", 3],
  ])("finds in %j %d words", (text, words) => {
    expect(countWords(text)).toBe(words);
  });
});

describe("limitWords", () => {
  it("leaves text alone that fits", () => {
    expect(limitWords(" A cat sits ", 3)).toBe("A cat sits");
  });

  it("keeps as many whole sentences as fit", () => {
    const text = "A cat sits. A dog runs. A bird sings.";
    expect(limitWords(text, 8)).toBe("A cat sits. A dog runs.");
    expect(limitWords(text, 6)).toBe("A cat sits. A dog runs.");
    expect(limitWords(text, 5)).toBe("A cat sits.");
  });

  it("closes the first words where not even one sentence fits", () => {
    expect(limitWords("A cat, a dog and a bird.", 2)).toBe("A cat.");
    expect(limitWords("A cat — a dog and a bird.", 3)).toBe("A cat.");
    expect(limitWords("A cat and a dog", 2)).toBe("A cat.");
  });

  it("writes one full stop after an abbreviation", () => {
    expect(limitWords("The U.S. flag flies over it.", 2)).toBe("The U.S.");
  });
});

describe("stripLeadIn", () => {
  it.each([
    ["The image depicts a cat.", "A cat."],
    ["This photo shows two dogs.", "Two dogs."],
    ["An illustration is of élan.", "Élan."],
    ["in this picture captures a boat", "A boat"],
  ])("starts %j with the thing itself", (text, expected) => {
    expect(stripLeadIn(text)).toBe(expected);
  });

  it.each([
    "A cat shows the image.",
    "The imagery shows a cat.",
    "The image",
    "The image shows ",
    "",
  ])("leaves %j alone", (text) => {
    expect(stripLeadIn(text)).toBe(text);
  });
});
