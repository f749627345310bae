import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTemplateShape } from "./template-shape.ts";

describe("readTemplateShape", () => {
  const same = [
    [
      "white space in tags",
      "{% for m in messages %}{{ m }}{% endfor %}",
      "{%for m  in messages%}{{m}}{%endfor%}",
    ],
    ["kinds of quotes", "{{ a['b'] + 'c' }}", '{{ a["b"] + "c" }}'],
    ["dots and brackets", "{{ a.b.c }}", "{{ a['b']['c'] }}"],
    [
      "names of loop variables",
      "{% for x in y %}{{ x.z }}{% endfor %}",
      "{% for q in y %}{{ q.z }}{% endfor %}",
    ],
    ["text and sums", "{{ 'a' + b + 'c' }}d", "a{{ b }}{{ 'c' }}{{ 'd' }}"],
    ["comments", "a{# b #}c", "ac"],
    [
      "white space that tags remove",
      "a\n  {%- if b %}\nc{% endif -%}\n",
      "a{% if b %}c{% endif %}",
    ],
    ["what is said of tools", "{% if tools %}a{% if b %}c{% endif %}{% else %}d{% endif %}", "d"],
  ] as const;
  it.each(same)("does not see %s", (_, one, other) => {
    expect(readTemplateShape(one)).toEqual(readTemplateShape(other));
  });

  const different = [
    ["white space in text", "a b", "a  b"],
    ["white space in strings", "{{ 'a b' }}", "{{ 'a  b' }}"],
    ["loops", "{% for x in y %}{{ x }}{% endfor %}", "{% for x in y %}{{ y }}{% endfor %}"],
    ["names in strings", "{% for x in y %}x{% endfor %}", "{% for q in y %}q{% endfor %}"],
    ["a space between two tags of a line", "{% if a %} {% endif %}", "{% if a %}{% endif %}"],
    ["filters", "{{ a | trim }}", "{{ a }}"],
    ["escaped quotes", "{{ 'a\\'b' }}", "{{ 'ab' }}"],
  ] as const;
  it.each(different)("sees %s", (_, one, other) => {
    expect(readTemplateShape(one)).not.toEqual(readTemplateShape(other));
  });

  it("ends for any text, and soon", () => {
    const piece = fc.constantFrom(
      ...[
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        "'",
        '"',
        "\\",
        "+",
        " ",
        "\n",
        "for a in b",
        "a.b",
        "if tools",
        "endif",
        "else",
      ],
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }),
        fc.integer({ min: 1, max: 400 }),
        (pieces, times) => {
          const startedAt = performance.now();
          readTemplateShape(pieces.join("").repeat(times));
          expect(performance.now() - startedAt).toBeLessThan(2000);
        },
      ),
      { numRuns: 300 },
    );
  });
});
