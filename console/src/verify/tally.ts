// From sums by judge team and entry to scores and places: exact fractions, so that every machine finds the same.
import { byEntry, type Entry } from "./dealing.ts";
import type { Seed } from "./draw.ts";
import { NANOS, Ratio } from "./exact.ts";
import { resampled, type Interval } from "./bootstrap.ts";
import { estimate, nanosOf } from "./consensus.ts";
import type { Ranking, Rules } from "./record.ts";
import { byBytes, keys } from "./text.ts";

/** What an entry gets from one ballot is counted in this part of 1. */
export const UNIT = 465_585_120n;
export const FEWEST_JUDGES_OF_AN_ENTRY = 3;
export const FEWEST_BALLOTS = 3n;
/** The judge team that small ones are together. */
export const MERGED = " merged";
const DRAWS = 1_000;
const FINE = 1_000_000_000_000n;

/** What the voters of one judge team said of one entry. */
export interface Given {
  ballots: bigint;
  shares: bigint;
  top: bigint;
}

/** By judge team, then by entry id. */
export class Sums {
  private readonly all = new Map<string, Map<string, Given>>();

  /** Whether it was there before; then it is replaced. */
  set(judge: string, entry: string, given: Given): boolean {
    const row = this.all.get(judge) ?? new Map<string, Given>();
    this.all.set(judge, row);
    const before = row.has(entry);
    row.set(entry, given);
    return before;
  }

  get(judge: string, entry: string): Given | undefined {
    return this.all.get(judge)?.get(entry);
  }

  judges(): string[] {
    return keys(this.all);
  }

  /** In the order of judge team and entry. */
  *rows(): Generator<[judge: string, entry: string, given: Given]> {
    for (const judge of this.judges()) {
      const row = this.all.get(judge)!;
      for (const entry of keys(row)) yield [judge, entry, row.get(entry)!];
    }
  }

  /** As the auditor's record holds them. */
  text(): string {
    const rows = [...this.rows()].map(
      ([judge, entry, { ballots, shares, top }]) =>
        `[${JSON.stringify(judge)},${JSON.stringify(entry)},${ballots},${shares},${top}]`,
    );
    return `[${rows.join()}]`;
  }
}

export interface Votes {
  sums: Sums;
  /** Under pairwise consensus. */
  rankings: Ranking[];
}

/** How an entry did. */
export interface Score {
  entry: string;
  exact: Ratio | null;
  untrimmed: Ratio | null;
  judges: bigint;
  trimmed: bigint;
  ballots: bigint;
}

/** How many judges are left out on each side. */
export function trimmed(trimBp: bigint, judges: bigint): bigint {
  const wanted = (trimBp * judges + 5_000n) / 10_000n;
  const most = judges > 0n ? (judges - 1n) / 2n : 0n;
  return wanted < most ? wanted : most;
}

/** Judge teams that make a score of the trimmed mean. */
export const fewestJudges = (rules: Rules) => (rules.few_judges === "LAST" ? FEWEST_JUDGES_OF_AN_ENTRY : 1);

/** By entry, in the order of ids. */
export function scores(rules: Rules, entries: Entry[], votes: Votes): Score[] {
  if (rules.tally === "PAIRWISE_CONSENSUS") {
    return estimate(entries, votes.rankings).map((found) => ({
      entry: found.entry,
      exact: votes.rankings.length > 0 ? Ratio.of(BigInt(nanosOf(found.theta)), NANOS) : null,
      untrimmed: null,
      judges: BigInt(found.voices.length),
      trimmed: 0n,
      ballots: BigInt(found.ballots),
    }));
  }
  return judged(entries, votes.sums).map(({ entry, given }) => ({
    entry: entry.id,
    judges: BigInt(given.length),
    ballots: given.reduce((sum, one) => sum + one.ballots, 0n),
    ...(rules.tally === "PLURALITY" ? plurality(given) : trimmedMean(rules, given)),
  }));
}

/** Entries in order, and what judge teams gave to each, in order; its own team is none. */
function judged(entries: Entry[], sums: Sums): { entry: Entry; given: Given[] }[] {
  const judges = sums.judges();
  return [...entries].sort(byEntry).map((entry) => {
    const given = judges.filter((judge) => judge !== entry.team).map((judge) => sums.get(judge, entry.id));
    return { entry, given: given.filter((one): one is Given => one !== undefined && one.ballots > 0n) };
  });
}

type Made = Pick<Score, "exact" | "untrimmed" | "trimmed">;

function plurality(given: Given[]): Made {
  const sum = Ratio.of(
    given.reduce((sum, one) => sum + one.shares, 0n),
    UNIT,
  );
  return { exact: sum, untrimmed: sum, trimmed: 0n };
}

function trimmedMean(rules: Rules, given: Given[]): Made {
  if (given.length < fewestJudges(rules)) return { exact: null, untrimmed: null, trimmed: 0n };
  const ordered = [...given].sort((one, other) => {
    const [a, b] = [one.shares * other.ballots, other.shares * one.ballots];
    return a < b ? -1 : a > b ? 1 : 0;
  });
  const cut = Number(trimmed(rules.trim_bp, BigInt(given.length)));
  return {
    exact: mean(ordered.slice(cut, ordered.length - cut)),
    untrimmed: mean(ordered),
    trimmed: BigInt(cut),
  };
}

function mean(given: Given[]): Ratio {
  const byBallots = new Map<bigint, bigint>();
  for (const one of given) byBallots.set(one.ballots, (byBallots.get(one.ballots) ?? 0n) + one.shares);
  const parts = [...byBallots].map(([ballots, shares]) => Ratio.of(shares, ballots * UNIT));
  return parts.reduce((sum, part) => sum.plus(part), Ratio.of(0n, 1n)).over(BigInt(given.length));
}

/** By entry: its place, which all with the same result share. Entries without a result share the last. */
export function places(results: { entry: string; result: Ratio | null }[]): Map<string, bigint> {
  const compare = (one: Ratio | null, other: Ratio | null) =>
    one && other ? other.compare(one) : Number(one === null) - Number(other === null);
  const order = [...results].sort((one, other) => compare(one.result, other.result) || byBytes(one.entry, other.entry));
  const placed = new Map<string, bigint>();
  order.forEach((one, at) => {
    const before = order[at - 1];
    const isEqual = before !== undefined && compare(before.result, one.result) === 0;
    placed.set(one.entry, isEqual ? placed.get(before.entry)! : BigInt(at + 1));
  });
  return placed;
}

/** How sure scores are, by entry; none with too few judge teams to draw again. */
export function intervals(rules: Rules, entries: Entry[], votes: Votes, seed: Seed): Map<string, Interval> {
  if (rules.tally === "PAIRWISE_CONSENSUS") {
    const found = resampled(entries, votes.rankings, seed);
    const enough = found.filter((one) => one.judges >= FEWEST_JUDGES_OF_AN_ENTRY);
    return new Map(enough.map((one) => [one.entry, one]));
  }
  if (rules.tally === "PLURALITY") {
    const whole = (one: Given) => Ratio.of(one.shares, UNIT).nanos();
    return drawn(entries, votes.sums, seed, whole, (values) => values.reduce((sum, one) => sum + one, 0));
  }
  const fine = (one: Given) => Ratio.of(one.shares, one.ballots * UNIT).rounded(FINE);
  return drawn(entries, votes.sums, seed, fine, (values) => {
    values.sort();
    const cut = Number(trimmed(rules.trim_bp, BigInt(values.length)));
    let sum = 0;
    for (let at = cut; at < values.length - cut; at++) sum += values[at]!;
    return quotient(sum, (values.length - 2 * cut) * Number(FINE / NANOS));
  });
}

/** Judge teams of each entry are drawn again; sums of what they say stay far below 2^53. */
function drawn(
  entries: Entry[],
  sums: Sums,
  seed: Seed,
  value: (given: Given) => bigint,
  score: (values: Float64Array) => number,
): Map<string, Interval> {
  const stream = seed.stream("bootstrap");
  const found = new Map<string, Interval>();
  for (const { entry, given } of judged(entries, sums)) {
    if (given.length < FEWEST_JUDGES_OF_AN_ENTRY) continue;
    const values = Float64Array.from(given, (one) => Number(value(one)));
    const again = new Float64Array(values.length);
    const draws = new Float64Array(DRAWS).map(() => {
      for (let at = 0; at < again.length; at++) again[at] = values[stream.below(values.length)]!;
      return score(again);
    });
    draws.sort();
    const at = (perMille: number) => BigInt(draws[(DRAWS * perMille) / 1_000 - 1]!);
    found.set(entry.id, { low: at(25), high: at(975), places: null });
  }
  return found;
}

/** Half to even, of what is not negative. */
function quotient(above: number, below: number): number {
  const rest = above % below;
  const floor = (above - rest) / below;
  return floor + Number(2 * rest > below || (2 * rest === below && floor % 2 === 1));
}
