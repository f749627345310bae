/** TypeScript's declarations of the platform do not know Trusted Types. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): void;
}

declare global {
  var trustedTypes: TrustedTypes | undefined; // Not every browser has it.
}

globalThis.trustedTypes?.createPolicy("default", {
  createScriptURL(url) {
    if (new URL(url, location.href).origin === location.origin) return url;
    throw new TypeError("This page starts scripts of its own origin only");
  },
});

export {};
