import { beforeAll, describe, expect, it } from "vitest";
import { findCodeBlocks } from "./code-blocks.ts";
import { compileBlocks } from "./compile-blocks.ts";
import { findBrokenLinks } from "./links.ts";
import { parsePage, readPages } from "./pages.ts";
import { findQuotations, findUnquoted, whyNotQuoted } from "./quotations.ts";

const pages = readPages();

/** A page with faults, which shows that the checks find them. */
const faulty = parsePage(
  "faulty.md",
  `# Faults

\`\`\`ts
const { text } = await vlm.caption(file, { presett: "brief" });
\`\`\`

- In a list:

  \`\`\`js
  import { createVml } from "@fastvlm-kit/web";
  \`\`\`

<!-- not compiled: it shows what is wrong -->

\`\`\`ts
const wrong: number = "text";
\`\`\`

<!-- not compiled: -->

\`\`\`ts
const file: string = "a block's own name wins";
const size: number = file;
\`\`\`

[here](README.md#faults) and [there](docs/missing.md#part), [out](https://example.com/missing), [up](#faults)
`,
);

describe("the code blocks of the pages", () => {
  const blocks = pages.flatMap(findCodeBlocks);
  let errors: string[];
  beforeAll(() => {
    errors = compileBlocks([...blocks, ...findCodeBlocks(faulty)]);
  }, 60_000);

  it("are found", () => {
    expect(blocks.map(({ page }) => page)).toEqual(
      expect.arrayContaining(["README.md", "packages/web/README.md", "packages/onnx/README.md"]),
    );
  });

  it("compile against the types of the packages", () => {
    expect(errors.filter((error) => !error.startsWith("faulty.md:"))).toEqual([]);
  });

  it("give errors that name the page and the line, but for a block with a reason before it", () => {
    expect(errors.filter((error) => error.startsWith("faulty.md:"))).toEqual([
      expect.stringMatching(/^faulty\.md:4:44: .*'presett' does not exist/),
      expect.stringMatching(/^faulty\.md:10:10: .*no exported member named 'createVml'/),
      expect.stringMatching(/^faulty\.md:23:7: Type 'string' is not assignable to type 'number'/),
    ]);
  });
});

describe("the blocks of pages that are files of an app", () => {
  it("are in those files, line for line", () => {
    const quotations = pages.flatMap(findQuotations);
    expect(quotations.length).toBeGreaterThan(20);
    expect(quotations.map(whyNotQuoted).filter((reason) => reason !== undefined)).toEqual([]);
  });

  it("are all blocks of the pages about ways of building, but for commands", () => {
    const building = pages.filter(({ path }) => path.startsWith("docs/build/"));
    expect(building.flatMap(findUnquoted)).toEqual([]);
  });

  it("are reported with page and line when they are not", () => {
    const page = parsePage(
      "quoting.md",
      `<!-- file: tools/docs/fixtures/quoted.txt -->

\`\`\`ts
  second
third
\`\`\`

<!-- file: tools/docs/fixtures/quoted.txt -->

\`\`\`ts
first
third
\`\`\`

<!-- file: tools/docs/fixtures/missing.txt -->

\`\`\`ts
first
\`\`\`

\`\`\`json
{}
\`\`\`

\`\`\`sh
ls
\`\`\`
`,
    );
    expect(findQuotations(page).map(whyNotQuoted)).toEqual([
      undefined,
      "quoting.md:10: these lines are not in tools/docs/fixtures/quoted.txt",
      "quoting.md:17: there is no tools/docs/fixtures/missing.txt",
    ]);
    expect(findUnquoted(page)).toEqual(["quoting.md:21: say of which file this is"]);
  });
});

describe("the relative links of the pages", () => {
  it("lead to files that exist", () => {
    expect(pages.flatMap(findBrokenLinks)).toEqual([]);
  });

  it("are reported with page and line when they do not", () => {
    expect(findBrokenLinks(faulty)).toEqual(["faulty.md:26: docs/missing.md#part"]);
  });
});
