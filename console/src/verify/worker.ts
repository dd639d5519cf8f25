// The verifier in a thread of its own: the page stays usable, however large the record.
import type { Report } from "./found.ts";
import { readRecord, type Record_ } from "./record.ts";
import { verify } from "./verify.ts";

/** What the page is told. */
export type Told =
  | { kind: "subject"; subject: string }
  | {
      kind: "report";
      report: Report;
      head?: { revision: string; hash: string };
      keys: { id: string; public_key: string }[];
    }
  | { kind: "unreadable"; why: string };

/** What is to be verified, and an auditor's record from before the result was final, for its ballots. */
export interface Asked {
  record: Uint8Array;
  before?: Uint8Array;
}

const tell = (told: Told) => self.postMessage(told);

function read(bytes: Uint8Array): Record_ {
  return readRecord(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

self.onmessage = ({ data }: MessageEvent<Asked>) => {
  try {
    const record = read(data.record);
    const ballots = data.before ? read(data.before).auditor?.ballots : undefined;
    if (data.before && !ballots) throw new Error("there are no ballots in the earlier record");
    if (ballots && record.auditor) record.auditor.ballots ??= ballots;
    const report = verify(record, new Map(), (subject) => tell({ kind: "subject", subject }));
    const last = record.revisions.at(-1);
    const head = last && { revision: String(last.number), hash: last.hash };
    tell({ kind: "report", report, head, keys: record.keys });
  } catch (cause) {
    tell({ kind: "unreadable", why: cause instanceof Error ? cause.message : String(cause) });
  }
};
