/**
 * Functions that run in the page. They use nothing but their arguments, and name no function inside:
 * build tools mark the names of functions with helpers, which the page does not have.
 */

import type { KitState } from "../observation.ts";

export interface PageAnswer {
  readonly isSecureContext: boolean;
  readonly isCrossOriginIsolated: boolean;
  readonly metaPolicies: readonly string[];
}

export function askPage(): PageAnswer {
  const selector = 'meta[http-equiv="Content-Security-Policy" i]';
  const metas = [...document.querySelectorAll<HTMLMetaElement>(selector)];
  return {
    isSecureContext: globalThis.isSecureContext,
    isCrossOriginIsolated: globalThis.crossOriginIsolated,
    metaPolicies: metas.map(({ content }) => content),
  };
}

/** What a page may show of the kit. */
interface Shown {
  readonly vlm?: unknown;
  readonly checkSupport?: () => unknown;
}

interface Report {
  readonly status: "pass" | "warn" | "fail";
  readonly checks: Readonly<Record<string, readonly { readonly status: string }[]>>;
}

export async function askKit(timeoutMs: number): Promise<KitState | undefined> {
  const { fastvlm } = globalThis as { readonly fastvlm?: Shown };
  if (!fastvlm) return undefined;
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => {
      reject(new Error(`it did not answer within ${String(timeoutMs / 1000)} seconds`));
    }, timeoutMs);
  });
  try {
    const support = (await Promise.race([fastvlm.checkSupport?.(), late])) as KitState["support"];
    const vlm = (await Promise.race([fastvlm.vlm, late])) as
      { health(): Promise<Report> } | undefined;
    const report = await Promise.race([vlm?.health(), late]);
    return {
      ...(support && { support: { isSupported: support.isSupported, missing: support.missing } }),
      ...(report && {
        health: {
          status: report.status,
          notPassed: Object.entries(report.checks).flatMap(([name, all]) =>
            all.some(({ status }) => status !== "pass") ? [name] : [],
          ),
        },
      }),
    };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

export interface ServiceWorkerAnswer {
  /** Whether there is one, and whether it became active in time. */
  readonly state: "none" | "active" | "stuck";
  /** The addresses of the scripts of all of them. */
  readonly scripts: readonly string[];
}

export async function askServiceWorker(timeoutMs: number): Promise<ServiceWorkerAnswer> {
  // Pages without HTTPS have no container of service workers.
  const { serviceWorker } = navigator as { readonly serviceWorker?: ServiceWorkerContainer };
  let registrations = (await serviceWorker?.getRegistrations()) ?? [];
  // One whose script the browser is starting is in no list yet.
  for (let look = 0; look < 10 && serviceWorker && registrations.length === 0; look++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    registrations = [...(await serviceWorker.getRegistrations())];
  }
  const scripts = registrations.flatMap(
    ({ active, waiting, installing }) => (active ?? waiting ?? installing)?.scriptURL ?? [],
  );
  if (!serviceWorker || registrations.length === 0) return { state: "none", scripts };
  const late = new Promise<"stuck">((resolve) => {
    setTimeout(() => {
      resolve("stuck");
    }, timeoutMs);
  });
  const state = await Promise.race([serviceWorker.ready.then(() => "active" as const), late]);
  return { state, scripts };
}
