/** The command `fastvlm-check`. */

import { parseArgs } from "node:util";
import { judge } from "./checks/index.ts";
import { observe, type ObserveOptions } from "./observe/observe.ts";
import { openBrowser } from "./observe/open-browser.ts";
import { exitCodeOf, toJson, toTable } from "./report.ts";

const HELP = `Opens a deployed app in headless Chromium and reports what its host does wrong.

  fastvlm-check URL [options]

  --json              writes JSON instead of a table
  --strict            also fails for warnings
  --click SELECTOR    clicks a button first, such as one that loads the model
  --file PATH         one more file to look at, such as weights; relative to the page; may be repeated
  --wait SECONDS      until the page asks for nothing more; default 15
  --browser PATH      a Chrome or Chromium; default CHROME_PATH, then what is installed
  --help

Exit codes: 0 no error; 1 warnings, with --strict; 2 errors; 3 the check could not be made.
`;

interface Arguments {
  readonly url: string;
  readonly isJson: boolean;
  readonly isStrict: boolean;
  readonly browser: string | undefined;
  readonly observe: ObserveOptions;
}

/**
 * @returns undefined where the help is asked for
 * @throws {TypeError} for an argument that is unknown or has a value that it may not have
 */
export function readArguments(given: readonly string[]): Arguments | undefined {
  const { values, positionals } = parseArgs({
    args: [...given],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      strict: { type: "boolean", default: false },
      click: { type: "string" },
      file: { type: "string", multiple: true, default: [] },
      wait: { type: "string", default: "15" },
      browser: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0 || !/^https?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new TypeError(
      "Expected one address such as https://app.example.com/. --help shows all options.",
    );
  }
  const seconds = Number(values.wait);
  if (!(seconds > 0 && seconds <= 600)) {
    throw new TypeError(`Expected --wait to be seconds, at most 600, got \`${values.wait}\``);
  }
  return {
    url,
    isJson: values.json,
    isStrict: values.strict,
    browser: values.browser,
    observe: {
      files: values.file,
      waitMs: seconds * 1000,
      ...(values.click !== undefined && { click: values.click }),
    },
  };
}

/** @returns the exit code of the process; see the help */
export async function runCommand(given: readonly string[]): Promise<0 | 1 | 2> {
  const found = readArguments(given);
  if (!found) {
    process.stdout.write(HELP);
    return 0;
  }
  const browser = await openBrowser(found.browser);
  try {
    const findings = judge(await observe(browser, found.url, found.observe));
    const hasColours = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
    const text = found.isJson
      ? toJson(found.url, findings)
      : toTable(found.url, findings, { hasColours });
    process.stdout.write(text);
    return exitCodeOf(findings, found.isStrict);
  } finally {
    await browser.close();
  }
}
