/** Runs dependency-cruiser over folders of TypeScript, with this repository's way to find modules. */

import { cruise, type IForbiddenRuleType } from "dependency-cruiser";

/** The report, and how many imports break a rule. `base` is the folder that the rules' paths begin at. */
export async function checkImports(
  folders: readonly string[],
  rules: readonly IForbiddenRuleType[],
  base: string,
): Promise<{ readonly report: string; readonly errors: number }> {
  const { output, exitCode } = await cruise([...folders], {
    baseDir: base,
    validate: true,
    ruleSet: { forbidden: [...rules] },
    outputType: "err-long",
    // Imports of types count: a room whose types another needs cannot be taken out either.
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: ["^packages/[^/]+/dist/", "^e2e/consumer/", "^e2e/apps/[^/]+/"] },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".mjs", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["@fastvlm-kit/source", "browser", "import", "node", "default"],
    },
  });
  // This reporter writes text; others give an object.
  return { report: output as string, errors: exitCode };
}
