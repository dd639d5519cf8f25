// Which calls may be repeated, after which errors, and after how long.
import { clone, type DescMessage, type DescMethod, type Message } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { RapportError } from "./error.js";

/** A method whose request has no request id changes nothing if its name begins with one of these. */
const READS = /^(Brief|Check|Estimate|Explain|Export|Find|Get|List|Preview|Quote|Rank|Read|Review|Suggest|Summarize)/;

/**
 * The request with a request id wherever it lacks one, and whether the call may be repeated. The caller's own message
 * stays as it is: sent again, it is another request.
 */
export function prepare<T extends Message>(method: DescMethod, request: T): [request: T, repeatable: boolean] {
  const prepared = clone(method.input as DescMessage, request) as T & { requests?: unknown };
  const items = Array.isArray(prepared.requests) ? (prepared.requests as unknown[]) : [];
  const written = [prepared, ...items].filter(
    (one): one is { requestId: string } => typeof one === "object" && one !== null && "requestId" in one,
  );
  for (const one of written) one.requestId ||= uuid7();
  return [prepared, written.length > 0 || READS.test(method.name)];
}

/** Whether a call that may be repeated should be. */
export function mendable({ code, reason, info }: RapportError): boolean {
  return (
    code === Code.Unavailable ||
    (code === Code.ResourceExhausted && reason === "RATE_LIMITED") ||
    (code === Code.DeadlineExceeded && info.outcome === "unknown")
  );
}

/** Milliseconds, twice as long each time, half of it by chance: callers refused at once should not be back at once. */
export class Pauses {
  constructor(
    private pause: number,
    private readonly longest: number,
  ) {}

  next(): number {
    const pause = this.pause * (0.5 + Math.random() / 2);
    this.pause = Math.min(2 * this.pause, this.longest);
    return pause;
  }
}

/** Waits; less long if the signal is aborted. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}

/** Time-ordered (RFC 9562). `crypto.randomUUID` makes another version, and only for pages that came over TLS. */
export function uuid7(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(Date.now()) << 16n) | BigInt((bytes[0]! << 8) | bytes[1]!));
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
