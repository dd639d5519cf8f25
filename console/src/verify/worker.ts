// The verifier in a thread of its own: the page stays usable, however large the record.
import type { Report } from "./found.ts";
import { readRecord } from "./record.ts";
import { verify } from "./verify.ts";

/** What the page is told. */
export type Told =
  | { kind: "subject"; subject: string }
  | { kind: "report"; report: Report; head?: { revision: string; hash: string }; keys: { id: string; public_key: string }[] }
  | { kind: "unreadable"; why: string };

const tell = (told: Told) => self.postMessage(told);

self.onmessage = (event: MessageEvent<Uint8Array>) => {
  try {
    const record = readRecord(new TextDecoder("utf-8", { fatal: true }).decode(event.data));
    const report = verify(record, new Map(), (subject) => tell({ kind: "subject", subject }));
    const last = record.revisions.at(-1);
    const head = last && { revision: String(last.number), hash: last.hash };
    tell({ kind: "report", report, head, keys: record.keys });
  } catch (cause) {
    tell({ kind: "unreadable", why: cause instanceof Error ? cause.message : String(cause) });
  }
};
