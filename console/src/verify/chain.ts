// The record as a chain of signed revisions: none can be left out, moved or altered unseen.
import { sha256 } from "./draw.ts";
import type { Found } from "./found.ts";
import type { Record_ } from "./record.ts";
import { verifies } from "./signature.ts";
import { base64url, hash, hex, publicKey, quoted, utf8 } from "./text.ts";
import { concatBytes } from "@noble/hashes/utils.js";

export const revision = (number: bigint) => `revision ${number}`;

export function chain(record: Record_, found: Found): void {
  if (record.revisions.length === 0) found.add("revisions", "there is none");
  const numbers = new Set(record.revisions.map((one) => one.number));
  let [last, before]: [bigint, Uint8Array] = [0n, new Uint8Array(32)];
  for (const one of record.revisions) {
    if (one.number !== last + 1n) {
      if (!numbers.has(last + 1n) && one.number > last) {
        found.add(revision(last + 1n), `it is missing: revision ${one.number} stands there`);
      } else found.add(revision(one.number), `it is out of order: revision ${last + 1n} belongs there`);
    }
    const follows = sha256(concatBytes(before, utf8(one.body)));
    if (hex(follows) !== one.hash) {
      found.add(
        revision(one.number),
        "its hash is not that of its text and the revision before: it was altered, or what comes before it",
      );
    }
    before = hash(one.hash) ?? follows;
    last = one.number;
  }
}

/** Public keys by id that are known from elsewhere; none: those of the record vouch for themselves. */
export type Pinned = ReadonlyMap<string, Uint8Array>;

export function signatures(record: Record_, pinned: Pinned, found: Found): void {
  const keys = new Map<string, Uint8Array>();
  for (const key of record.keys) {
    const place = `key ${key.id}`;
    const bytes = publicKey(key.public_key);
    if (!bytes) {
      found.add(place, "it is not 32 bytes in base64url");
      continue;
    }
    const known = pinned.get(key.id);
    if (known && hex(known) !== hex(bytes)) found.add(place, "it is not the one that was given for this id");
    if (keys.has(key.id)) found.add(place, "it is there more than once");
    keys.set(key.id, bytes);
  }
  for (const one of record.revisions) {
    const place = revision(one.number);
    const key = (pinned.size === 0 ? keys : pinned).get(one.key_id);
    if (!key) {
      const from = pinned.size === 0 ? "in the record" : "among those given";
      found.add(place, `it is signed by key ${quoted(one.key_id)}, which is not ${from}`);
      continue;
    }
    const signed = hash(one.hash);
    const signature = base64url(one.signature);
    const message = signed && signedText(record.competition, one.number, signed);
    if (!message || !signature || !verifies(key, utf8(message), signature)) {
      found.add(place, `its signature is not that of key ${one.key_id} over this competition, number and hash`);
    }
  }
}

/** What the signature of a revision signs. */
const signedText = (competition: string, number: bigint, hash: Uint8Array) =>
  `rapport competition revision 1\n${competition}\n${number}\n${hex(hash)}\n`;
