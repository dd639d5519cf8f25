// A refusal as an exception.
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";

/** A field at fault, and the rule that it broke. */
export interface FieldViolation {
  /** Path from the request, for example `interaction.channel`. */
  field: string;
  /** A name of `ErrorReason` without its prefix. */
  reason: string;
  /** The rule, for people. */
  description: string;
}

/** What the server, or the connection to it, answered instead of a response. */
export class RapportError extends ConnectError {
  /** A name of `ErrorReason` without its prefix; empty where it is not the server that speaks. */
  readonly reason: string;
  /** Every field at fault. */
  readonly fields: FieldViolation[];
  /** More about the reason, for example `interaction_id` with REQUEST_ID_REUSED. */
  readonly info: Record<string, string>;
  /** Milliseconds before which the server does not want the call again; 0 where it does not say. */
  readonly retryAfterMs: number;

  private constructor(error: ConnectError) {
    const [info] = error.findDetails(ErrorInfoSchema);
    // A connection that breaks has no code of its own: Node's is ABORTED, that of a page's fetch UNKNOWN.
    const broken = error.code === Code.Aborted || (error.code === Code.Unknown && error.cause instanceof TypeError);
    const code = broken && !info ? Code.Unavailable : error.code;
    super(error.rawMessage, code, error.metadata, undefined, error.cause);
    this.details = error.details;
    const [retry] = error.findDetails(RetryInfoSchema);
    this.reason = info?.reason ?? "";
    this.info = info?.metadata ?? {};
    this.fields = error.findDetails(BadRequestSchema).flatMap((bad) =>
      bad.fieldViolations.map(({ field, reason, description }) => ({ field, reason, description })),
    );
    this.retryAfterMs = Number(retry?.retryDelay?.seconds ?? 0) * 1e3 + (retry?.retryDelay?.nanos ?? 0) / 1e6;
  }

  static override from(cause: unknown): RapportError {
    return cause instanceof RapportError ? cause : new RapportError(ConnectError.from(cause));
  }

  // ConnectError's own would take any ConnectError for one of these.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && RapportError.prototype.isPrototypeOf(value);
  }

  /** Code, reason and every field at fault, a line each. */
  override toString(): string {
    const lines = this.fields.map((one) => `${one.field} ${one.description} (${one.reason})`);
    return [`${Code[this.code]} ${this.reason}: ${this.rawMessage}`, ...lines].join("\n  ");
  }
}
