/**
 * The bill of materials of what users of a package get: a CycloneDX file in `dist` of each published package. `npm sbom`
 * writes it from the lock file; two things it cannot know are put right here. It leaves out a dependency that the
 * repository's own tools have too, so that it is asked for all of them, and what the package does not reach is left out
 * here. And onnxruntime-web is no dependency of the SDK: its files are in the package.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { REPOSITORY, repositoryPath } from "./run.ts";

/** As much of a CycloneDX file as this tool reads. */
export interface Sbom {
  readonly serialNumber?: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly components: readonly Component[];
  readonly dependencies: readonly Edge[];
}

interface Component {
  /** Name and version. */
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly { readonly license?: { readonly id?: string } }[];
}

interface Edge {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

/** What the SDK's `dist/onnxruntime` holds, and the one package that onnxruntime's own bundles contain. */
const BUNDLED: Readonly<Record<string, readonly string[]>> = {
  "@fastvlm-kit/web": ["onnxruntime-web"],
  "onnxruntime-web": ["onnxruntime-common"],
};

/**
 * Writes `dist/sbom.cdx.json` of a package.
 *
 * @param name its folder under `packages/`
 */
export function writeSbom(name: string): void {
  const file = repositoryPath(`packages/${name}/dist/sbom.cdx.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(createSbom(name), undefined, 2)}\n`);
}

/** Lists a package, what it depends on, and what is bundled with it. The same lock file makes the same list. */
export function createSbom(name: string): Sbom {
  const args = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
  const output = execFileSync("npm", [...args, "--workspace", `packages/${name}`], {
    cwd: REPOSITORY,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 2 ** 20,
  });
  const all = JSON.parse(output) as Sbom;
  const edges = new Map(all.dependencies.map((edge) => [edge.ref, edge.dependsOn]));
  const wantedOf = readWanted();

  const root = all.components.find((one) => nameOf(one["bom-ref"]) === `@fastvlm-kit/${name}`)!;
  const shipped = new Map<string, readonly string[]>();
  const reach = (ref: string): void => {
    if (shipped.has(ref)) return;
    const wanted = wantedOf(ref);
    const next = edges.get(ref)!.filter((one) => wanted.includes(nameOf(one)));
    shipped.set(ref, next);
    next.forEach(reach);
  };
  reach(root["bom-ref"]);

  return {
    ...all,
    // Number and time are different each time, and may be left out.
    serialNumber: undefined,
    metadata: { ...all.metadata, timestamp: undefined, component: toShipped(root) },
    components: all.components
      .filter((one) => one !== root && shipped.has(one["bom-ref"]))
      .map(toShipped),
    dependencies: [...shipped].map(([ref, dependsOn]) => ({ ref, dependsOn })),
  };
}

/** Returns what a package cannot do without: `npm sbom` also lists what it may use, and what it is made with. */
function readWanted(): (ref: string) => readonly string[] {
  const lock = JSON.parse(readFileSync(repositoryPath("package-lock.json"), "utf8")) as Lock;
  const wanted = new Map<string, readonly string[]>();
  for (const [path, { name, version, dependencies = {} }] of Object.entries(lock.packages)) {
    const known = name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (version !== undefined) wanted.set(`${known}@${version}`, Object.keys(dependencies));
  }
  // onnxruntime-web's own dependencies are of its other builds.
  return (ref) =>
    nameOf(ref) === "onnxruntime-web"
      ? BUNDLED["onnxruntime-web"]!
      : [...wanted.get(ref)!, ...(BUNDLED[nameOf(ref)] ?? [])];
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  /** Left out where it is the end of the path. */
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** npm names a workspace after its folder, and calls onnxruntime a dependency of development. */
function toShipped(component: Component): Component {
  return {
    ...component,
    name: nameOf(component["bom-ref"]),
    ...{ scope: "required", properties: [] },
  };
}

function nameOf(ref: string): string {
  return ref.slice(0, ref.lastIndexOf("@"));
}
