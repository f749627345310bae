/** Notes which parts of a Content-Security-Policy were violated in this page or worker. */

/** The directives that were violated since the watch began. */
export interface ViolationWatch {
  readonly directives: readonly string[];
  end(): void;
}

export function watchViolations(): ViolationWatch {
  const directives: string[] = [];
  // Node, where tests run, has none of these functions.
  const scope = globalThis as Partial<
    Pick<EventTarget, "addEventListener" | "removeEventListener">
  >;
  const note = (event: Event): void => {
    const { effectiveDirective, disposition } = event as SecurityPolicyViolationEvent;
    if (disposition === "enforce") directives.push(effectiveDirective);
  };
  scope.addEventListener?.("securitypolicyviolation", note);
  return {
    directives,
    end() {
      scope.removeEventListener?.("securitypolicyviolation", note);
    },
  };
}
