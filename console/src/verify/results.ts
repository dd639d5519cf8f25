// Whether the result agrees with the manifest and with itself: what everybody can check.
import { revision } from "./chain.ts";
import { Ratio, fraction, fractionOf, sameFraction, NANOS, type Fraction } from "./exact.ts";
import type { Found } from "./found.ts";
import { strengthsAfter } from "./published.ts";
import { nanosOf } from "./consensus.ts";
import { BOUNDS, tooMany, type Placing, type Rules } from "./record.ts";
import { isProvisional, isTold, resultOf, settled, type Measured } from "./result.ts";
import type { Closed, Story } from "./story.ts";
import { FEWEST_JUDGES_OF_AN_ENTRY, fewestJudges, trimmed } from "./tally.ts";
import { byBytes, hash, hex, inOrder, sameTexts } from "./text.ts";
import { sha256 } from "./draw.ts";

const ZERO = Ratio.of(0n, 1n);
const MOST_STRENGTH = 8n * NANOS;
const entryOf = (closed: Closed, one: Placing) => `${revision(closed.number)}, entry ${one.entry}`;

/** Ratings by team, those that are fractions from 0 to 1. */
export function outcomesOf(story: Story, closed: Closed, found?: Found): Map<string, Ratio> {
  const place = revision(closed.number);
  const outcomes = new Map<string, Ratio>();
  for (const { team, value } of closed.outcomes) {
    const outcome = fraction(value);
    if (outcome && outcome.compare(ZERO) >= 0 && outcome.above <= outcome.below) outcomes.set(team, outcome);
    else found?.add(place, `the outcome of team ${team} is no fraction from 0 to 1`);
  }
  const rated = inOrder(closed.outcomes.map((one) => one.team));
  const due = story.manifest.rules.blend_bp === 0n ? [] : inOrder(story.entries.map((entry) => entry.team));
  if (!sameTexts(rated, due) || rated.length < closed.outcomes.length) {
    found?.add(place, "outcomes must be there for every team where ratings have weight, and else for none");
  }
  return outcomes;
}

export function results(story: Story, closed: Closed, found: Found): void {
  const { rules } = story.manifest;
  const outcomes = outcomesOf(story, closed, found);
  const before = found.all.length;
  const all = measured(story, closed, outcomes, found);
  if (found.all.length > before) return;
  const out = new Set<string>();
  compare(closed.number, closed.result, settled(rules, all, out, false), found);
  const competing = new Set(story.entries.map((entry) => entry.team));
  let [isAccepted, last] = [false, closed.result];
  for (const { number, teams, result } of story.changes) {
    const place = revision(number);
    // What is shorter needs no computing to be wrong; so no more is computed than stands in the record.
    if (result.length !== all.length) {
      found.add(place, `it has ${result.length} entries, but ${all.length} follow`);
      continue;
    }
    if (teams) disqualified(place, teams, competing, out, found);
    else {
      if (!isProvisional(rules, last) || isAccepted) {
        found.add(place, "the result was not provisional, or accepted before");
      }
      isAccepted = true;
    }
    compare(number, result, settled(rules, all, out, isAccepted), found);
    last = result;
  }
}

/** Adds teams to those that are out. */
function disqualified(place: string, teams: string[], competing: Set<string>, out: Set<string>, found: Found): void {
  if (teams.length === 0) found.add(place, "no team is named");
  for (const team of teams) {
    if (!competing.has(team)) found.add(place, `team ${team} does not compete`);
    if (out.has(team)) found.add(place, `team ${team} was disqualified before`);
    out.add(team);
  }
}

/** The entries of the result at close, each with what its place follows from. */
function measured(story: Story, closed: Closed, outcomes: Map<string, Ratio>, found: Found): Measured[] {
  const { rules } = story.manifest;
  const pair = (id: string, team: string) => JSON.stringify([id, team]);
  const told = new Map(closed.result.map((one) => [pair(one.entry, one.team), one] as const));
  const due = new Map(story.entries.map((one) => [pair(one.id, one.team), one] as const));
  const missing = [
    ...[...told].filter(([key]) => !due.has(key)).map(([, one]) => ({ id: one.entry, team: one.team })),
    ...[...due].filter(([key]) => !told.has(key)).map(([, one]) => one),
  ];
  missing.sort((one, other) => byBytes(one.id, other.id) || byBytes(one.team, other.team));
  const place = revision(closed.number);
  for (const { id } of missing) {
    found.add(place, `entry ${id} is not in the result with the team of the manifest, or not in the manifest`);
  }
  const lots = new Set(closed.result.map((one) => one.lot));
  const isEach = closed.result.every((_, at) => lots.has(BigInt(at + 1)));
  if (told.size < closed.result.length || !isEach) {
    found.add(place, "every entry and every lot must be in the result once");
  }
  return closed.result.map((one) => {
    const place = entryOf(closed, one);
    const outcome = rules.blend_bp > 0n ? outcomes.get(one.team) : undefined;
    if (!sameFraction(one.outcome, outcome ? fractionOf(outcome) : null)) {
      found.add(place, "its outcome is not that of its team");
    }
    const score = one.score ? fraction(one.score) : undefined;
    if ((score !== undefined) !== (one.score !== null) || (score && !canBe(rules, score, one.ballots))) {
      found.add(place, "its score is no fraction in lowest terms that a score can be, or not what is shown of it");
    }
    const result = score ? resultOf(rules, score, outcome) : null;
    if (!sameFraction(one.result, result && fractionOf(result))) {
      found.add(place, "its result does not follow from its score and outcome");
    }
    counts(rules, closed, one, place, found);
    return { placing: one, result };
  });
}

/** Whether a score can be one. */
function canBe(rules: Rules, score: Ratio, ballots: bigint): boolean {
  const within = (most: bigint) => score.compare(ZERO) >= 0 && score.above <= most * score.below;
  switch (rules.tally) {
    case "TRIMMED_TEAM_MEAN":
      return within(1n);
    case "PLURALITY":
      return within(ballots);
    case "PAIRWISE_CONSENSUS": {
      const whole = score.nanos();
      const isWhole = score.compare(Ratio.of(whole, NANOS)) === 0;
      return isWhole && whole <= MOST_STRENGTH && whole >= -MOST_STRENGTH;
    }
  }
}

function counts(rules: Rules, closed: Closed, one: Placing, place: string, found: Found): void {
  const isConsensus = rules.tally === "PAIRWISE_CONSENSUS";
  const isJudged = one.judges >= FEWEST_JUDGES_OF_AN_ENTRY;
  let [isScored, trim] = [true, 0n];
  if (rules.tally === "TRIMMED_TEAM_MEAN") {
    isScored = one.judges >= fewestJudges(rules);
    trim = isScored ? trimmed(rules.trim_bp, one.judges) : 0n;
  } else if (isConsensus) isScored = closed.result.some((other) => other.ballots > 0n);
  found.same(place, "whether there is a score", one.score !== null, isScored);
  found.same(place, "trimmed", one.trimmed, trim);
  found.same(place, "whether there is an interval", one.low !== null && one.high !== null, isJudged);
  found.same(
    place,
    "whether the untrimmed mean is told",
    one.untrimmed !== null,
    !isConsensus && isTold(isScored, one.judges, one.ballots),
  );
  const { best_place: best, worst_place: worst } = one;
  const hasPlaces = best !== null && worst !== null;
  found.same(place, "whether there are places beside it", hasPlaces, isJudged && isConsensus);
  if (hasPlaces && (best === 0n || best > worst || worst > BigInt(closed.result.length))) {
    found.add(place, "the places beside it are upside down, or there are not so many");
  }
  // Nothing comes before something.
  const isTurned = one.low !== null && (one.high === null || one.low > one.high);
  if (isTurned || one.ballots < one.judges || (one.judges === 0n && one.ballots > 0n)) {
    found.add(place, "its interval is upside down, or it has more judge teams than ballots");
  }
}

const FIELDS = [
  "ballots",
  "best_place",
  "entry",
  "high",
  "judges",
  "lot",
  "low",
  "outcome",
  "place",
  "prize",
  "result",
  "score",
  "team",
  "trimmed",
  "untrimmed",
  "worst_place",
] as const satisfies (keyof Placing)[];

/** A field as JSON, with names in order. */
function written(value: Placing[(typeof FIELDS)[number]]): string {
  if (value === null || typeof value === "bigint") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if ("by_lot" in value) return `{"by_lot":${value.by_lot},"name":${JSON.stringify(value.name)}}`;
  return `{"exact":${JSON.stringify((value as Fraction).exact)},"nanos":${(value as Fraction).nanos}}`;
}

/** The first entry that is told otherwise than it follows. */
export function compare(number: bigint, told: Placing[], follows: Placing[], found: Found): void {
  if (told.length !== follows.length) {
    found.add(revision(number), `it has ${told.length} entries, but ${follows.length} follow`);
  }
  const both = told.slice(0, follows.length);
  const differs = (at: number) => FIELDS.some((name) => written(told[at]![name]) !== written(follows[at]![name]));
  const at = both.findIndex((_, at) => differs(at));
  if (at < 0) return;
  const [one, other] = [told[at]!, follows[at]!];
  const place = `${revision(number)}, entry ${one.entry}`;
  if (one.entry !== other.entry) {
    found.add(place, `it stands where entry ${other.entry} belongs by result and lot`);
    return;
  }
  for (const name of FIELDS) found.same(place, name, written(one[name]), written(other[name]));
}

/** Strengths follow from what judge teams said in the last round. */
export function lastRound(story: Story, closed: Closed, found: Found): void {
  const place = revision(closed.number);
  const isConsensus = story.manifest.rules.tally === "PAIRWISE_CONSENSUS";
  if ((closed.ballots_hash !== null) !== isConsensus) {
    return found.add(place, "the hash of ballots must be there under pairwise consensus, and else not");
  }
  if (!isConsensus || closed.result.every((one) => one.score === null)) {
    if (closed.last_round.length > 0) {
      found.add(place, "a last round must be there where strengths are, and else not");
    }
    return;
  }
  const voices = closed.last_round.reduce((sum, round) => sum + round.voices.length, 0);
  const rule = tooMany("voices", voices, BOUNDS.sums);
  if (rule) return found.add(place, rule);
  const ids = story.entries.map((entry) => entry.id).sort(byBytes);
  const named = closed.last_round.map((round) => round.entry);
  if (!sameTexts(ids, named)) return found.add(place, "the last round must have every entry once, by id");
  const strengths = strengthsAfter(closed.last_round);
  if (!strengths) return found.add(place, "the last round has what no voice can say, or voices out of order");
  for (const one of closed.result) {
    const at = ids.lastIndexOf(one.entry);
    if (at < 0) continue;
    const place = entryOf(closed, one);
    const follows = Ratio.of(BigInt(nanosOf(strengths[at]!)), NANOS).text();
    found.same(place, "score", one.score?.exact ?? "none", follows);
    found.same(place, "judges", one.judges, BigInt(closed.last_round[at]!.voices.length));
  }
}

/** The seed was committed to, and lots follow from it. */
export function seed(story: Story, closed: Closed | undefined, found: Found): void {
  if (!story.secret) return;
  const secret = hash(story.secret.text);
  if (!secret || hex(sha256(secret)) !== story.manifest.seed_commitment) {
    found.add(
      revision(story.secret.number),
      "the secret is not the one that was committed to: its SHA-256 is not the manifest's seed_commitment",
    );
  }
  if (!story.seed || !closed) return;
  const lots = story.seed.lots(story.entries.map((entry) => entry.id));
  for (const one of closed.result) {
    const lot = lots.get(one.entry);
    if (lot !== undefined) found.same(entryOf(closed, one), "lot", one.lot, lot);
  }
}
