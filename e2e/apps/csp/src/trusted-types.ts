/** TypeScript's declarations of the platform do not know Trusted Types. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): void;
}

declare global {
  var trustedTypes: TrustedTypes | undefined; // Firefox has none before version 148.
}

globalThis.trustedTypes?.createPolicy("default", {
  createScriptURL(url) {
    if (new URL(url, location.href).origin === location.origin) return url;
    throw new TypeError("This page starts scripts of its own origin only");
  },
});

export {};
