// From sums to the published result: scores, ratings blended in, places, prizes.
import { nanosOf, againstAverage } from "./consensus.ts";
import type { Entry } from "./dealing.ts";
import type { Seed } from "./draw.ts";
import { NANOS, Ratio, fractionOf } from "./exact.ts";
import type { Placing, Rules } from "./record.ts";
import { FEWEST_JUDGES_OF_AN_ENTRY, intervals, places, scores, type Votes } from "./tally.ts";

/** Judge teams and ballots from which on the mean before trimming may be told. */
const TOLD_FROM_JUDGES = 5n;
const TOLD_FROM_BALLOTS = 10n;
const BASIS_POINTS = 10_000n;

/** Whether the mean before trimming may be told. */
export const isTold = (scored: boolean, judges: bigint, ballots: bigint) =>
  scored && judges >= TOLD_FROM_JUDGES && ballots >= TOLD_FROM_BALLOTS;

/** Whether an entry that has a place was judged by too few judge teams, so that prizes are withheld. */
export const isProvisional = (rules: Rules, result: Placing[]) =>
  rules.few_judges === "PROVISIONAL" && result.some((one) => one.place > 0n && one.judges < FEWEST_JUDGES_OF_AN_ENTRY);

/** Of a score and, where ratings have weight, an outcome. */
export function resultOf(rules: Rules, score: Ratio, outcome: Ratio | undefined): Ratio {
  if (!outcome) return score;
  let share = score;
  if (rules.tally === "PAIRWISE_CONSENSUS") {
    // A strength has no bounds: blended is the share of pairs that it wins against an average entry.
    const wins = againstAverage(Number(score.nanos()) / Number(NANOS));
    share = Ratio.of(BigInt(nanosOf(wins)), NANOS);
  }
  const weight = rules.blend_bp;
  const rest = BASIS_POINTS - (weight < BASIS_POINTS ? weight : BASIS_POINTS);
  return Ratio.of(rest, BASIS_POINTS).times(share).plus(Ratio.of(weight, BASIS_POINTS).times(outcome));
}

/** An entry, and what its place follows from. */
export interface Measured {
  placing: Placing;
  result: Ratio | null;
}

/** All that was counted, put in order. */
export function placings(
  rules: Rules,
  entries: Entry[],
  votes: Votes,
  seed: Seed,
  outcomes: Map<string, Ratio>,
): Placing[] {
  const sure = intervals(rules, entries, votes, seed);
  const lots = seed.lots(entries.map((entry) => entry.id));
  const teams = new Map(entries.map((entry) => [entry.id, entry.team]));
  const measured = scores(rules, entries, votes).map((score): Measured => {
    const team = teams.get(score.entry) ?? "";
    const outcome = rules.blend_bp > 0n ? (outcomes.get(team) ?? Ratio.of(1n, 2n)) : undefined;
    const result = score.exact && resultOf(rules, score.exact, outcome);
    const interval = sure.get(score.entry);
    const told = isTold(score.exact !== null, score.judges, score.ballots);
    const placing: Placing = {
      entry: score.entry,
      team,
      place: 0n,
      result: result && fractionOf(result),
      score: score.exact && fractionOf(score.exact),
      low: interval?.low ?? null,
      high: interval?.high ?? null,
      best_place: interval?.places?.[0] ?? null,
      worst_place: interval?.places?.[1] ?? null,
      untrimmed: told ? (score.untrimmed?.nanos() ?? null) : null,
      outcome: outcome ? fractionOf(outcome) : null,
      judges: score.judges,
      trimmed: score.trimmed,
      ballots: score.ballots,
      lot: lots.get(score.entry) ?? 0n,
      prize: null,
    };
    return { placing, result };
  });
  return settled(rules, measured, new Set(), false);
}

/** Puts measured entries in order and gives out places and prizes. */
export function settled(rules: Rules, measured: Measured[], out: Set<string>, isAccepted: boolean): Placing[] {
  const competing = measured.filter(({ placing }) => !out.has(placing.team));
  const place = places(competing.map(({ placing, result }) => ({ entry: placing.entry, result })));
  const all = measured.map(({ placing }) => ({
    ...placing,
    place: place.get(placing.entry) ?? 0n,
    prize: null as Placing["prize"],
  }));
  all.sort(
    (one, other) =>
      Number(one.place === 0n) - Number(other.place === 0n) ||
      Number(one.place - other.place) ||
      (one.lot < other.lot ? -1 : Number(one.lot > other.lot)),
  );
  if (isAccepted || !isProvisional(rules, all)) award(rules.prizes, all);
  return all;
}

/** Prizes go down the list, on which lots have put equals in order; never to an entry without a score. */
function award(prizes: string[], result: Placing[]): void {
  const winners = result.filter((one) => one.place > 0n && one.score !== null);
  winners.slice(0, prizes.length).forEach((one, at) => {
    const isShared = result.filter((other) => other.place === one.place).length > 1;
    one.prize = { name: prizes[at]!, by_lot: isShared };
  });
}
