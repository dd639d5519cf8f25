// What follows from the auditor's record: the roll, the sums, the ballots, and from them everything else.
import { revision } from "./chain.ts";
import { estimate } from "./consensus.ts";
import { FEWEST_DEALT, byVoter, deal, type Seat } from "./dealing.ts";
import { hashOf } from "./draw.ts";
import { fractionOf } from "./exact.ts";
import type { Checks, Found } from "./found.ts";
import { OPENING } from "./opening.ts";
import { lastRoundOf, rankingsText, sameRound } from "./published.ts";
import {
  BOUNDS,
  readRankings,
  readRoll,
  readSums,
  tooMany,
  type Auditor,
  type Ranking,
  type RollVoter,
} from "./record.ts";
import { compare, outcomesOf } from "./results.ts";
import { isTold, placings } from "./result.ts";
import type { Closed, Story } from "./story.ts";
import { FEWEST_BALLOTS, MERGED, Sums, UNIT, scores, type Given, type Votes } from "./tally.ts";
import { byBytes, inOrder, quoted } from "./text.ts";

const ROLL = "auditor's roll";
const SUMS = "auditor's sums";
const BALLOTS = "auditor's ballots";

const why = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

export function audit(story: Story, closed: Closed, auditor: Auditor, checks: Checks): void {
  const { rules } = story.manifest;
  const roll = checks.check("the roll is the one whose hash is in the manifest", (found) =>
    rollOf(story, auditor, found),
  );
  if (!roll) return;
  const sums = checks.check(
    "the sums are those whose hash was signed at the close, and can come from ballots",
    (found) => sumsOf(story, closed, auditor, roll, found),
  );
  if (!sums) return;
  const votes: Votes = { sums, rankings: [] };
  // Whether everything that the result follows from is there.
  let isWhole = true;
  if (rules.tally === "PAIRWISE_CONSENSUS") {
    // Where none were cast, none need to be there.
    const none = closed.ballots_hash === hashOf(rankingsText([])) ? rankingsText([]) : null;
    const text = auditor.ballots ?? none;
    if (text === null) {
      isWhole = false;
      checks.cannot(
        "strengths before the last round, and intervals: they take the ballots, which are destroyed when the result is final",
      );
    } else {
      const ballots = checks.check(
        "the ballots are those whose hash was signed at the close, and the sums are theirs",
        (found) => ballotsOf(story, closed, auditor, text, roll, found),
      );
      if (!ballots) return;
      checks.check("strengths and their last round follow from the ballots", (found) =>
        estimated(story, closed, ballots, found),
      );
      votes.rankings = ballots;
    }
  } else checks.check("scores follow from the sums", (found) => scored(story, closed, votes, found));
  const { seed } = story;
  if (!seed) return checks.cannot("dealing and intervals: the secret behind them is told when the result is final");
  checks.check("panels follow from roll and seed, and no more ballots were counted than were dealt", (found) => {
    const dealt = deal(rules, story.manifest.earlier_directions, story.entries, roll, seed);
    if ("refusals" in dealt) {
      found.add(OPENING, `it could not have been opened: voting cannot open: ${dealt.refusals.join(", ")}`);
    } else {
      panels(story, dealt.seats, sums, found);
      dealtBallots(dealt.seats, votes.rankings, found);
    }
  });
  if (!isWhole) return;
  checks.check("intervals, and all else of the result, follow from what was counted and the seed", (found) => {
    const follows = placings(rules, story.entries, votes, seed, outcomesOf(story, closed));
    compare(closed.number, closed.result, follows, found);
  });
}

function rollOf(story: Story, auditor: Auditor, found: Found): RollVoter[] | undefined {
  found.same(ROLL, "its hash", hashOf(auditor.roll), story.manifest.roll_hash);
  let roll: RollVoter[];
  try {
    roll = readRoll(auditor.roll);
  } catch (cause) {
    found.add(ROLL, `it cannot be read: ${why(cause)}`);
    return undefined;
  }
  const rule = tooMany("voters", roll.length, BOUNDS.ballots);
  if (rule) {
    found.add(ROLL, rule);
    return undefined;
  }
  found.same(ROLL, "the number of voters", BigInt(roll.length), story.manifest.voters);
  const pseudonyms = new Set(roll.map((voter) => voter.pseudonym));
  if (pseudonyms.size < roll.length || rollText(roll) !== auditor.roll) {
    found.add(ROLL, "voters must be there once, in order");
  }
  return roll;
}

/** A roll as the auditor's record holds it. */
function rollText(roll: RollVoter[]): string {
  const voters = roll.map((voter) => ({ ...voter, conflicts: inOrder(voter.conflicts) })).sort(byVoter);
  return JSON.stringify(voters.map(({ pseudonym, team, conflicts }) => ({ pseudonym, team, conflicts })));
}

function sumsOf(story: Story, closed: Closed, auditor: Auditor, roll: RollVoter[], found: Found): Sums | undefined {
  found.same(SUMS, "their hash", hashOf(auditor.sums), closed.sums_hash);
  let rows: ReturnType<typeof readSums>;
  try {
    rows = readSums(auditor.sums);
  } catch (cause) {
    found.add(SUMS, `they cannot be read: ${why(cause)}`);
    return undefined;
  }
  const rule = tooMany("sums", rows.length, BOUNDS.sums);
  if (rule) {
    found.add(SUMS, rule);
    return undefined;
  }
  const { form } = story.manifest.rules;
  const teams = new Set(roll.map((voter) => voter.team));
  const teamOf = new Map(story.entries.map((entry) => [entry.id, entry.team]));
  const sums = new Sums();
  const totals = new Map<string, { ballots: bigint; shares: bigint }>();
  for (const [judge, entry, ballots, shares, top] of rows) {
    const place = `${SUMS}, judge team ${quoted(judge)}, entry ${entry}`;
    const team = teamOf.get(entry);
    if (team === undefined) found.add(place, "there is no such entry");
    else if (team === judge) found.add(place, "no team judges its own entry");
    if (!judge.startsWith(" ") && !teams.has(judge)) found.add(place, "nobody on the roll is of that team");
    if (ballots === 0n || ballots > BigInt(roll.length) || top > ballots || shares > ballots * UNIT) {
      found.add(place, "ballots, shares and top cannot be those of ballots");
      continue;
    }
    if (form === "OPEN_CHOICE" && shares !== top * UNIT) {
      found.add(place, "shares are not those of the ballots that chose it");
    }
    const total = totals.get(judge) ?? { ballots: 0n, shares: 0n };
    totals.set(judge, { ballots: total.ballots + ballots, shares: total.shares + shares });
    if (sums.set(judge, entry, { ballots, shares, top })) found.add(place, "it is there more than once");
  }
  // A ranking gives half a point for each entry on the panel, however many of them are ranked.
  if (form === "RANKED_PANEL") {
    for (const judge of inOrder(totals.keys())) {
      const { ballots, shares } = totals.get(judge)!;
      if (judge !== MERGED && 2n * shares !== ballots * UNIT) {
        found.add(
          `${SUMS}, judge team ${quoted(judge)}`,
          "its shares do not add up to half a point for each entry on a panel",
        );
      }
    }
  }
  if (sums.text() !== auditor.sums) found.add(SUMS, "they must be in order");
  return sums;
}

function scored(story: Story, closed: Closed, votes: Votes, found: Found): void {
  const follows = new Map(scores(story.manifest.rules, story.entries, votes).map((score) => [score.entry, score]));
  for (const one of closed.result) {
    const score = follows.get(one.entry);
    if (!score) continue;
    const place = `${revision(closed.number)}, entry ${one.entry}`;
    const whole = (nanos: bigint | null | undefined) => (nanos ?? "none").toString();
    const told = isTold(score.exact !== null, score.judges, score.ballots);
    found.same(place, "score", one.score?.exact ?? "none", score.exact ? fractionOf(score.exact).exact : "none");
    found.same(place, "judges", one.judges, score.judges);
    found.same(place, "trimmed", one.trimmed, score.trimmed);
    found.same(place, "ballots", one.ballots, score.ballots);
    found.same(place, "untrimmed", whole(one.untrimmed), whole(told ? score.untrimmed?.nanos() : null));
  }
}

/** The ballots of an auditor's record, if they can be read. */
function ballotsOf(
  story: Story,
  closed: Closed,
  auditor: Auditor,
  text: string,
  roll: RollVoter[],
  found: Found,
): Ranking[] | undefined {
  found.same(BALLOTS, "their hash", hashOf(text), closed.ballots_hash ?? "");
  let rankings: Ranking[];
  try {
    rankings = readRankings(text);
  } catch (cause) {
    found.add(BALLOTS, `they cannot be read: ${why(cause)}`);
    return undefined;
  }
  const places = rankings.reduce((sum, ballot) => sum + ballot.panel.length, 0);
  const rule = tooMany("ballots", rankings.length, BOUNDS.ballots) ?? tooMany("places", places, BOUNDS.places);
  if (rule) {
    found.add(BALLOTS, rule);
    return undefined;
  }
  const teams = new Map(story.entries.map((entry) => [entry.id, entry.team]));
  const size = story.manifest.rules.panel_size;
  rankings.forEach(({ judge, panel, ranked }, at) => {
    const place = `${BALLOTS}, number ${at + 1}`;
    const distinct = new Set(panel);
    const isForeign = (id: string) => !teams.has(id) || teams.get(id) === judge;
    const isTooLarge = BigInt(distinct.size) > (size > 2n ? size : 2n);
    if (distinct.size < panel.length || distinct.size < 2 || isTooLarge || panel.some(isForeign)) {
      found.add(place, "its panel cannot have been dealt");
    }
    const rest = panel.slice(Number(ranked));
    const isById = rest.every((id, at) => at === 0 || byBytes(rest[at - 1]!, id) <= 0);
    if (ranked === 0n || ranked > BigInt(panel.length) || !isById) {
      found.add(place, "its ranking is none, or what is not ranked is not by id");
    }
  });
  if (rankings.length > roll.length || rankingsText(rankings) !== text) {
    found.add(BALLOTS, "they must be in order, and no more than voters");
  }
  // What the sums leave out of few ballots, these may have.
  if (counted(rankings).text() !== auditor.sums) found.add(BALLOTS, "the sums are not those of the ballots");
  return rankings;
}

/** The sums of ballots, without what so few of the merged say of an entry. */
function counted(rankings: Ranking[]): Sums {
  const all = new Sums();
  for (const { judge, panel, ranked } of rankings) {
    // No panel has one entry, and its place would be worth nothing that can be divided.
    if (panel.length < FEWEST_DEALT) continue;
    const size = BigInt(panel.length);
    const perPlace = UNIT / (size - 1n);
    const top = (size + 2n) / 3n;
    const named = ranked < size ? ranked : size;
    for (const entry of panel) {
      const place = BigInt(panel.indexOf(entry) + 1);
      const isRanked = place <= named;
      const left = size - named - 1n;
      const share = isRanked ? perPlace * (size - place) : (perPlace * (left > 0n ? left : 0n)) / 2n;
      const before: Given = all.get(judge, entry) ?? { ballots: 0n, shares: 0n, top: 0n };
      all.set(judge, entry, {
        ballots: before.ballots + 1n,
        shares: before.shares + share,
        top: before.top + BigInt(isRanked && place <= top),
      });
    }
  }
  const kept = new Sums();
  for (const [judge, entry, given] of all.rows()) {
    if (judge !== MERGED || given.ballots >= FEWEST_BALLOTS) kept.set(judge, entry, given);
  }
  return kept;
}

/** Everything that is told of strengths follows from the ballots. */
function estimated(story: Story, closed: Closed, rankings: Ranking[], found: Found): void {
  const strengths = estimate(story.entries, rankings);
  const follows = rankings.length === 0 ? [] : lastRoundOf(strengths);
  const place = revision(closed.number);
  const both = closed.last_round.slice(0, follows.length);
  const differing = both.find((round, at) => !sameRound(round, follows[at]!));
  if (differing) found.add(place, `the last round of entry ${differing.entry} does not follow from the ballots`);
  else if (closed.last_round.length !== follows.length) {
    found.add(place, "the last round does not follow from the ballots");
  }
  for (const one of closed.result) {
    const strength = strengths.find((other) => other.entry === one.entry);
    if (strength) found.same(`${place}, entry ${one.entry}`, "ballots", one.ballots, BigInt(strength.ballots));
  }
}

/** Every ballot's panel was dealt to a voter of its judge team, to as many voters as there are such ballots. */
function dealtBallots(seats: Seat[], rankings: Ranking[], found: Found): void {
  const key = (judge: string, panel: string[]) => JSON.stringify([judge, inOrder(panel)]);
  const left = new Map<string, number>();
  for (const { judge, panel } of seats) left.set(key(judge, panel), (left.get(key(judge, panel)) ?? 0) + 1);
  rankings.forEach(({ judge, panel }, at) => {
    if (judge === MERGED) return;
    const dealt = left.get(key(judge, panel)) ?? 0;
    left.set(key(judge, panel), dealt - 1);
    if (dealt <= 0) {
      const place = `${BALLOTS}, judge team ${quoted(judge)}, number ${at + 1}`;
      found.add(place, "its panel was not dealt to that team, or not so often");
    }
  });
}

/** What was dealt to the voters of one judge team. */
interface Dealt {
  byEntry: Map<string, bigint>;
  /** How many panels there are of each size. */
  sizes: Map<number, bigint>;
}

function panels(story: Story, seats: Seat[], sums: Sums, found: Found): void {
  const { form, choices } = story.manifest.rules;
  const judges = new Map<string, Dealt>();
  const none = (): Dealt => ({ byEntry: new Map(), sizes: new Map() });
  const add = <K>(to: Map<K, bigint>, key: K, count: bigint) => to.set(key, (to.get(key) ?? 0n) + count);
  for (const { judge, panel } of seats) {
    const dealt = judges.get(judge) ?? none();
    judges.set(judge, dealt);
    add(dealt.sizes, panel.length, 1n);
    for (const entry of panel) add(dealt.byEntry, entry, 1n);
  }
  // Of those that were merged it is known only that they are none of the others.
  const named = new Set(sums.judges());
  const merged = none();
  for (const [judge, dealt] of judges) {
    if (!named.has(judge)) for (const [entry, count] of dealt.byEntry) add(merged.byEntry, entry, count);
  }
  judges.set(MERGED, merged);
  const counted = new Map<string, { marks: bigint; top: bigint }>();
  for (const [judge, entry, given] of sums.rows()) {
    const dealt = judges.get(judge)?.byEntry.get(entry) ?? 0n;
    if (given.ballots > dealt) {
      const what = `${given.ballots} ballots were counted, but ${dealt} were dealt`;
      found.add(`${SUMS}, judge team ${quoted(judge)}, entry ${entry}`, what);
    }
    const total = counted.get(judge) ?? { marks: 0n, top: 0n };
    counted.set(judge, { marks: total.marks + given.ballots, top: total.top + given.top });
  }
  for (const [judge, { marks, top }] of counted) {
    const place = `${SUMS}, judge team ${quoted(judge)}`;
    const sizes = [...(judges.get(judge)?.sizes ?? [])];
    // Where all panels are of one size, so many marks are so many ballots.
    if (sizes.length !== 1) continue;
    const [size, all] = [BigInt(sizes[0]![0]), sizes[0]![1]];
    const ballots = marks / size;
    if (marks % size !== 0n || ballots > all) {
      found.add(place, `its ${marks} marks are not those of at most ${all} ballots with ${size} entries each`);
      continue;
    }
    const [least, most] =
      form === "RANKED_PANEL"
        ? [ballots * ((size + 2n) / 3n), ballots * ((size + 2n) / 3n)]
        : [ballots, ballots * choices];
    if (top < least || top > most) found.add(place, `${ballots} ballots cannot support ${top} entries`);
  }
}
