// The order of revisions, the manifest that was signed at the opening, and whether deadlines were kept.
import { revision } from "./chain.ts";
import { hashOf } from "./draw.ts";
import type { Found } from "./found.ts";
import {
  BOUNDS,
  MANIFEST_FORMAT,
  readBody,
  readManifest,
  tooMany,
  type Kind,
  type Manifest,
  type Record_,
} from "./record.ts";
import type { Bodies } from "./story.ts";

export const OPENING = "manifest";

const why = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

/** What revisions say, as far as it can be read. */
export function bodiesOf(record: Record_, found: Found): Bodies {
  const bodies: Bodies = [];
  for (const one of record.revisions) {
    try {
      bodies.push({ number: one.number, body: readBody(one.body) });
    } catch (cause) {
      found.add(revision(one.number), `its text cannot be read: ${why(cause)}`);
    }
  }
  return bodies;
}

const MAY_FOLLOW: Record<Kind | "NOTHING", Kind[]> = {
  NOTHING: ["OPENED"],
  OPENED: ["EXTENDED", "CLOSED"],
  EXTENDED: ["CLOSED"],
  CLOSED: ["DISQUALIFIED", "FINAL", "ACCEPTED"],
  DISQUALIFIED: ["DISQUALIFIED", "FINAL", "ACCEPTED"],
  ACCEPTED: ["DISQUALIFIED", "FINAL"],
  FINAL: ["ACCEPTED"],
};

export function kinds(bodies: Bodies, found: Found): void {
  let before: Kind | "NOTHING" = "NOTHING";
  for (const { number, body } of bodies) {
    if (!MAY_FOLLOW[before].includes(body.kind)) {
      const after = before === "NOTHING" ? "the first revision" : before;
      found.add(revision(number), `${body.kind} cannot come as or after ${after}`);
    }
    before = body.kind;
  }
}

/** The manifest, if it can be read. */
export function opening(record: Record_, text: string, bodies: Bodies, found: Found): Manifest | undefined {
  const first = bodies.find(({ body }) => body.kind === "OPENED")?.body;
  const opened = first?.kind === "OPENED" ? first : undefined;
  if (opened) found.same("revision 1", "the manifest's hash", opened.manifest_hash, hashOf(text));
  let manifest: Manifest;
  try {
    manifest = readManifest(text);
  } catch (cause) {
    found.add(OPENING, `it cannot be read: ${why(cause)}`);
    return undefined;
  }
  const rule = tooMany("entries", manifest.entries.length, BOUNDS.entries);
  if (rule) {
    found.add(OPENING, rule);
    return undefined;
  }
  found.same(OPENING, "format", manifest.format, MANIFEST_FORMAT);
  found.same("record", "competition", record.competition, manifest.competition);
  if (opened) {
    found.same("revision 1", "opened_at", opened.opened_at, manifest.opened_at);
    if (manifest.rules.public_draw_source !== "" && opened.public_draw === "") {
      found.add("revision 1", "the public draw that the rules name is missing");
    }
  }
  const ids = new Set(manifest.entries.map((entry) => entry.id));
  const teams = new Set(manifest.entries.map((entry) => entry.team));
  if (ids.size < manifest.entries.length || teams.size < manifest.entries.length) {
    found.add(OPENING, "entries and teams must each be there once");
  }
  return manifest;
}

const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];
/** Times are kept within 64 bits. */
const later = (time: bigint, by: bigint) => {
  const sum = time + by;
  return sum > MOST ? MOST : sum < LEAST ? LEAST : sum;
};

export function times(manifest: Manifest, bodies: Bodies, found: Found): void {
  let dispute: bigint | undefined;
  let [last, deadline] = [manifest.opened_at, manifest.voting_deadline];
  for (const { number, body } of bodies) {
    const place = revision(number);
    switch (body.kind) {
      case "OPENED":
        if (body.opened_at >= manifest.voting_deadline) found.add(place, "voting opened after its deadline");
        break;
      case "EXTENDED":
        found.same(place, "extended_at", body.extended_at, deadline);
        found.same(place, "voting_deadline", body.voting_deadline, later(deadline, manifest.rules.extension));
        if (manifest.rules.extension === 0n) found.add(place, "the rules announce no extension");
        [last, deadline] = [body.extended_at, body.voting_deadline];
        break;
      case "ACCEPTED":
        if (body.accepted_at < last) found.add(place, "it was accepted before the revision before");
        last = body.accepted_at;
        break;
      case "CLOSED":
        if (body.closed_at > deadline || body.closed_at < last) {
          found.add(place, "voting closed after its deadline or before its opening");
        }
        found.same(place, "dispute_until", body.dispute_until, later(body.closed_at, manifest.rules.dispute_window));
        [last, dispute] = [body.closed_at, body.dispute_until];
        break;
      case "DISQUALIFIED":
        if (body.decided_at < last || dispute === undefined || body.decided_at >= dispute) {
          found.add(place, "it was decided outside the dispute window, or before the revision before");
        }
        last = body.decided_at;
        break;
      case "FINAL":
        if (dispute !== undefined) found.same(place, "final_at", body.final_at, dispute);
        break;
    }
  }
}
