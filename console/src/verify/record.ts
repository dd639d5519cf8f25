// A record as it is given out: what was hashed stands in it as the text that was hashed. docs/record.md describes it.
import type { Fraction } from "./exact.ts";
import {
  Unreadable,
  due,
  flag,
  i32,
  i64,
  list,
  nullable,
  object,
  oneOf,
  or,
  parse,
  row,
  text,
  u32,
  u64,
  type Json,
  type Reader,
} from "./json.ts";
import { quoted } from "./text.ts";

const FORMAT = "rapport competition record 1";
export const MANIFEST_FORMAT = "rapport competition manifest 1";

/** How much is read of what somebody else wrote. */
export const BOUNDS = {
  bytes: 64 * 1024 * 1024,
  entries: 2_000,
  ballots: 100_000,
  places: 4_000_000,
  revisions: 4_000,
  sums: 400_000,
};

/** What is wrong with how many there are of something, if there are too many. */
export const tooMany = (what: string, found: number, most: number): string | undefined =>
  found > most ? `${found} ${what} are too many: at most ${most} are read` : undefined;

const usize = u64;
const auditor = object({ roll: due(text), sums: due(text), ballots: nullable(text) });
const record = object({
  format: due(text),
  competition: due(text),
  keys: due(list(object({ id: due(text), public_key: due(text) }))),
  manifest: nullable(text),
  revisions: due(
    list(object({ number: due(i32), body: due(text), hash: due(text), key_id: due(text), signature: due(text) })),
  ),
  auditor: nullable(auditor),
});
export type Auditor = ReturnType<typeof auditor>;
export type Record_ = ReturnType<typeof record>;
export type Revision = Record_["revisions"][number];

/** Reads a record; throws [`Unreadable`] for what is none, or one of another format. */
export function readRecord(of: string): Record_ {
  if (of.length > BOUNDS.bytes) throw new Unreadable("larger than 64 MiB, which is the most that is read");
  const found = record(parse(of));
  if (found.format !== FORMAT) {
    throw new Unreadable(`not a record of the format ${quoted(FORMAT)}: it says ${quoted(found.format)}`);
  }
  const { revisions, keys } = found;
  const rule =
    tooMany("revisions", revisions.length, BOUNDS.revisions) ?? tooMany("keys", keys.length, BOUNDS.revisions);
  if (rule) throw new Unreadable(rule);
  return found;
}

const rules = object({
  form: due(oneOf("RANKED_PANEL", "OPEN_CHOICE")),
  tally: due(oneOf("TRIMMED_TEAM_MEAN", "PLURALITY", "PAIRWISE_CONSENSUS")),
  trim_bp: due(u32),
  panel_size: due(usize),
  one_way: due(oneOf("AUTO", "ALWAYS", "NEVER")),
  choices: due(usize),
  swap_rule: due(oneOf("NONE", "REJECT_MUTUAL")),
  blend_bp: due(u32),
  blend_days: nullable(row(text, text)),
  hides_teams: due(flag),
  neutral_teams: due(list(text)),
  additional_voters: due(list(text)),
  excluded: due(list(text)),
  prizes: due(list(text)),
  dispute_window: due(i64),
  public_draw_source: due(text),
  few_judges: or("LAST" as const, oneOf("LAST", "PROVISIONAL")),
  extension: or(0n, i64),
});
export type Rules = ReturnType<typeof rules>;

const manifest = object({
  format: due(text),
  competition: due(text),
  title: due(text),
  rules: due(rules),
  voting_deadline: due(i64),
  opened_at: due(i64),
  entries: due(list(object({ id: due(text), team: due(text), text_hash: due(text) }))),
  roll_hash: due(text),
  voters: due(usize),
  seed_commitment: due(text),
  earlier_directions: due(list(row(text, text))),
});
export type Manifest = ReturnType<typeof manifest>;
export const readManifest = (of: string): Manifest => manifest(parse(of));

const fraction: Reader<Fraction> = object({ exact: due(text), nanos: due(i64) });
const placing = object({
  entry: due(text),
  team: due(text),
  place: due(usize),
  result: nullable(fraction),
  score: nullable(fraction),
  low: nullable(i64),
  high: nullable(i64),
  best_place: nullable(usize),
  worst_place: nullable(usize),
  untrimmed: nullable(i64),
  outcome: nullable(fraction),
  judges: due(usize),
  trimmed: due(usize),
  ballots: due(u64),
  lot: due(usize),
  prize: nullable(object({ name: due(text), by_lot: due(flag) })),
});
export type Placing = ReturnType<typeof placing>;
const result = list(placing);

/** Before, and value, weight and slope of each voice: numbers as texts. */
const lastRound = object({ entry: due(text), before: due(text), voices: due(list(row(text, text, text))) });
export type LastRound = ReturnType<typeof lastRound>;

const bodies = {
  OPENED: object({ opened_at: due(i64), manifest_hash: due(text), public_draw: due(text) }),
  CLOSED: object({
    closed_at: due(i64),
    dispute_until: due(i64),
    unreadable: due(usize),
    sums_hash: due(text),
    ballots_hash: nullable(text),
    last_round: or<LastRound[]>([], list(lastRound)),
    outcomes: due(list(object({ team: due(text), value: due(fraction) }))),
    result: due(result),
  }),
  DISQUALIFIED: object({ decided_at: due(i64), teams: due(list(text)), reason: due(text), result: due(result) }),
  EXTENDED: object({ extended_at: due(i64), voting_deadline: due(i64) }),
  ACCEPTED: object({ accepted_at: due(i64), by: due(text), reason: due(text), result: due(result) }),
  FINAL: object({ final_at: due(i64), secret: due(text) }),
};
export type Kind = keyof typeof bodies;
export type BodyOf<K extends Kind> = ReturnType<(typeof bodies)[K]>;
export type Body = { [K in Kind]: { kind: K } & BodyOf<K> }[Kind];

const kind = object({ kind: due(oneOf(...(Object.keys(bodies) as Kind[]))) });

/** What a revision says. */
export function readBody(of: string): Body {
  const json: Json = parse(of);
  const named = kind(json).kind;
  return { kind: named, ...bodies[named](json) } as Body;
}

const voter = object({ pseudonym: due(text), team: nullable(text), conflicts: due(list(text)) });
export type RollVoter = ReturnType<typeof voter>;
export const readRoll = (of: string): RollVoter[] => list(voter)(parse(of));

/** Judge team, entry, ballots, shares, top. */
export const readSums = (of: string) => list(row(text, text, u32, u64, u32))(parse(of));

/** A ballot without its voter: ids of the entries dealt, the ranked ones best first, then the others by id. */
export interface Ranking {
  judge: string;
  panel: string[];
  ranked: bigint;
}
const rankings = list(row(text, list(text), usize));
export const readRankings = (of: string): Ranking[] =>
  rankings(parse(of)).map(([judge, panel, ranked]) => ({ judge, panel, ranked }));
