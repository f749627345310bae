import { OnnxError } from "./errors.ts";

/** Reads single fields of a parsed `config.json`. A field that is wrong is an `OnnxError` that names it. */
export class ConfigFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(values: Readonly<Record<string, unknown>>, path = "") {
    this.#values = values;
    this.#path = path;
  }

  /** The fields of an object inside; none where the object is absent or null. */
  inside(field: string): ConfigFields {
    return new ConfigFields(asRecord(this.#values[field]), `${this.#path}${field}.`);
  }

  value(field: string): unknown {
    return this.#values[field];
  }

  /** A positive number. */
  number(field: string, fallback?: number): number {
    const value = this.#values[field] ?? fallback;
    if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
    throw this.invalid(field, `has to be a positive number, not ${JSON.stringify(value)}`);
  }

  /** A positive whole number. */
  count(field: string, fallback?: number): number {
    const value = this.number(field, fallback);
    if (Number.isInteger(value)) return value;
    throw this.invalid(field, `has to be a whole number, not ${value}`);
  }

  flag(field: string, fallback: boolean): boolean {
    const value = this.#values[field] ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.invalid(field, `has to be true or false, not ${JSON.stringify(value)}`);
  }

  /** Refuses a field that asks for something else than what the graphs compute; it may be absent. */
  assertOneOf(field: string, choices: readonly unknown[]): void {
    const value = this.#values[field];
    if (value === undefined || value === null || choices.includes(value)) return;
    const listed = choices.map((choice) => JSON.stringify(choice)).join(" or ");
    throw this.invalid(field, `can only be ${listed} here, not ${JSON.stringify(value)}`);
  }

  invalid(field: string, reason: string): OnnxError {
    const name = this.#path + field;
    return new OnnxError("config-invalid", { field: name }, `config.json: "${name}" ${reason}.`);
  }
}

/** The object that `value` is, or an empty one. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
