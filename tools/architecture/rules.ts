/** The rules that the imports of this repository are held to, for dependency-cruiser. */

import type { IForbiddenRuleType } from "dependency-cruiser";
import type { Architecture, Room } from "./read-rooms.ts";

const SOURCES = "packages/web/src/";

const LIBRARIES = "(^|/)node_modules/";

/** Tests and what only they use: they stand beside the rooms, and may look into several. */
const TESTS = ["[.]test[.]ts$", "/fixtures/"];

/** All rules: the arrows between the rooms of packages/web/src, and those of the whole repository. */
export function toRules(architecture: Architecture): IForbiddenRuleType[] {
  return [
    ...architecture.rooms.flatMap((room) => rulesOfRoom(room, architecture)),
    {
      name: "a-room-for-every-file",
      comment: "ARCHITECTURE.md names every folder and every entry of packages/web/src.",
      severity: "error",
      from: {
        path: `^${SOURCES}`,
        pathNot: [...TESTS, ...architecture.rooms.map(({ name }) => pathOf(name, architecture))],
      },
      to: {},
    },
    ...RULES_OF_THE_REPOSITORY,
  ];
}

function rulesOfRoom(room: Room, architecture: Architecture): IForbiddenRuleType[] {
  const from = { path: pathOf(room.name, architecture), pathNot: TESTS };
  const open = [room.name, ...room.mayImport].map((name) => pathOf(name, architecture));
  const libraries = architecture.libraries
    .filter(({ rooms }) => rooms.includes(room.name))
    .map(({ name }) => pathOfLibrary(name));
  return [
    {
      name: `arrows-of-${room.name}`,
      comment: `${room.name} must not know this room. The arrows are in ARCHITECTURE.md.`,
      severity: "error",
      from,
      to: { pathNot: [LIBRARIES, ...open, ...libraries] },
    },
    {
      name: `libraries-of-${room.name}`,
      comment: `${room.name} must not import this library. ARCHITECTURE.md says which rooms may.`,
      severity: "error",
      from,
      to: { path: LIBRARIES, pathNot: libraries },
    },
    ...room.byDynamicImport.map((late): IForbiddenRuleType => ({
      name: `${room.name}-loads-${late}-by-import()`,
      comment: `${late} is a chunk of its own. Load it by import(), or import types only.`,
      severity: "error",
      from,
      to: {
        path: pathOf(late, architecture),
        dynamic: false,
        dependencyTypesNot: ["type-only"],
      },
    })),
  ];
}

/** The files of a room, without those of the rooms that lie in its folder. */
function pathOf(name: string, { rooms }: Architecture): string {
  if (name.endsWith(".ts")) return `^${SOURCES}${name.replace(".", "[.]")}$`;
  const inner = rooms
    .filter((other) => other.name.startsWith(`${name}/`))
    .map((other) => `${other.name.slice(name.length + 1)}/`);
  return `^${SOURCES}${name}/${inner.length === 0 ? "" : `(?!${inner.join("|")})`}`;
}

/** A package of this repository is linked into `node_modules`; an import of it ends at its entry. */
function pathOfLibrary(name: string): string {
  const [, folder, entry = ""] = /^@fastvlm-kit\/([^/]+)(\/.+)?$/.exec(name) ?? [];
  return folder === undefined
    ? `${LIBRARIES}${name}/`
    : `^packages/${folder}/src${entry}/index[.]ts$`;
}

/** What an app can import: the files that the packages' manifests name as their entries. */
const ENTRIES = [
  "^packages/web/src/(index|worker|worker-wasm|worker-webgpu|compare|config|host|inspect|node|remote|testing)[.]ts$",
  "^packages/(tiny|onnx|ops|serve)/src/((graph|smolvlm|otel|dashboard)/)?index[.]ts$",
];

const RULES_OF_THE_REPOSITORY: readonly IForbiddenRuleType[] = [
  {
    name: "no-cycles",
    comment:
      "Files that need each other are one idea, or hide a third one. Imports of types count.",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "imports-exist",
    comment: "This file or package does not exist.",
    severity: "error",
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: "packages-stand-alone",
    comment: "A package must build and pass its tests without the rest of the repository.",
    severity: "error",
    from: { path: "^packages/" },
    to: { path: "^(bench|e2e|examples|tools)/" },
  },
  {
    name: "ops-imports-entries",
    comment: "The package for operators sees what any app sees of the SDK: its entries.",
    severity: "error",
    from: { path: "^packages/ops/" },
    to: { path: "^packages/(?!ops/)", pathNot: ENTRIES },
  },
  {
    name: "serve-imports-entries",
    comment: "The server sees what any app sees of the other packages: their entries.",
    severity: "error",
    from: { path: "^packages/serve/", pathNot: "\\.test\\.ts$" },
    to: { path: "^packages/(?!serve/)", pathNot: ENTRIES },
  },
  {
    name: "serve-tests-import-entries",
    comment:
      "A test of the server uses the entries of the other packages, and the test servers of packages/web/test.",
    severity: "error",
    from: { path: "^packages/serve/.*\\.test\\.ts$" },
    to: { path: "^packages/(?!serve/)", pathNot: ["^packages/web/test/", ...ENTRIES] },
  },
  {
    name: "check-stands-alone",
    comment: "The check sees an app from outside, and needs no other package.",
    severity: "error",
    from: { path: "^packages/check/" },
    to: { path: "^packages/(?!check/)" },
  },
  {
    name: "examples-stand-alone",
    comment:
      "A reader copies one example without the others. What the two apps share is in examples/shared.",
    severity: "error",
    from: { path: "^examples/([^/]+)/" },
    to: { path: "^examples/[^/]+/", pathNot: "^examples/($1|shared)/" },
  },
  {
    name: "examples-import-entries",
    comment: "An example imports what an app can import: the entries of the packages.",
    severity: "error",
    from: { path: "^examples/" },
    to: { path: "^(packages|bench|e2e|tools)/", pathNot: ENTRIES },
  },
  {
    name: "tools-import-entries",
    comment: "Tools run without the tests and the bench, on the entries of the packages.",
    severity: "error",
    from: { path: "^tools/" },
    to: { path: "^(packages|bench|e2e|examples)/", pathNot: ENTRIES },
  },
  {
    name: "bench-imports-entries",
    comment: "The bench measures what an app gets: the entries of the packages.",
    severity: "error",
    from: { path: "^bench/" },
    to: { path: "^(packages|e2e|examples)/", pathNot: ENTRIES },
  },
  {
    name: "browser-tests-import-entries",
    comment:
      "A browser test uses the entries of the packages. Only what packages/web/test, packages/serve/test and packages/check/test share with it, and the pages in e2e/harness, may look inside.",
    severity: "error",
    from: { path: "^e2e/", pathNot: "^e2e/harness/" },
    to: {
      path: "^(packages|bench|examples)/",
      pathNot: ["^packages/(web|serve|check)/test/", ...ENTRIES],
    },
  },
];
