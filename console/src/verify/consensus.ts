// PAIRWISE_CONSENSUS: how an entry fared against those on the same panels. crates/vote/src/consensus.rs says why; here
// the same numbers are added up in the same order, so that the last bit agrees.
import { byEntry, byList, type Entry } from "./dealing.ts";
import { NANOS } from "./exact.ts";
import { byValue, exp, log, rint } from "./float.ts";
import type { Ranking } from "./record.ts";
import { Spikes } from "./spikes.ts";
import { byBytes, inOrder } from "./text.ts";

const ROUNDS = 12;
const ROUNDS_BEFORE_SPIKES = 1;
const ROUNDS_BEFORE_WEIGHTS = 2;
const DAMPING = 0.8;
const STRONGEST = 4;
const RIDGE = 0.15;
const LEAST_SLOPE = 0.05;
const SLOPE_WITHOUT_VOICES = 0.1;
const PRIOR_HONEST = 9;
const PRIOR_ODD = 1;
const MOST_EVIDENCE = 30;
const HALF_VOICE = 1;
const LEAST_WEIGHT = 1e-9;

/** What one judge team says of one entry. */
export interface Voice {
  value: number;
  weight: number;
  slope: number;
}

/** What the ballots say of one entry. */
export interface Strength {
  entry: string;
  theta: number;
  /** Theta before the last round. */
  before: number;
  /** Of the last round, the least favourable first. */
  voices: Voice[];
  ballots: number;
}

/** By entry id. */
export function estimate(entries: Entry[], rankings: Ranking[]): Strength[] {
  const all = new Indexed(entries, rankings);
  return new Run(all, all.ballots).found();
}

/** A strength in billionths, rounded half to even. */
export const nanosOf = (theta: number) => rint(theta * Number(NANOS));

/** The share of pairs that an entry of this strength wins against an average one. */
export const againstAverage = (theta: number) => logistic(theta);

const logistic = (x: number) => 1 / (1 + exp(-x));
const within = (x: number, most: number) => (x < -most ? -most : x > most ? most : x);
/** As the server's sums begin. */
const sum = (values: Iterable<number>) => {
  let all = -0;
  for (const one of values) all += one;
  return all;
};

/** The share of an entry's voices, by weight, that is left out on each side. */
const leftOut = (judges: number) => Math.min(Math.max(judges < 8 ? 0.2 : 0.25, 1 / Math.max(judges, 1)), 0.34);

/** The voices of one entry in columns, which are read far faster than a list of objects. */
class Voices {
  readonly team: Int32Array;
  readonly value: Float64Array;
  readonly weight: Float64Array;
  readonly slope: Float64Array;

  constructor(readonly count: number) {
    this.team = new Int32Array(count);
    this.value = new Float64Array(count);
    this.weight = new Float64Array(count);
    this.slope = new Float64Array(count);
  }

  static of(voices: Voice[]): Voices {
    const all = new Voices(voices.length);
    voices.forEach((voice, at) => all.set(at, -1, voice.value, voice.weight, voice.slope));
    return all;
  }

  set(at: number, team: number, value: number, weight: number, slope: number): void {
    this.team[at] = team;
    this.value[at] = value;
    this.weight[at] = weight;
    this.slope[at] = slope;
  }

  list(): Voice[] {
    return Array.from(this.value, (value, at) => ({ value, weight: this.weight[at]!, slope: this.slope[at]! }));
  }
}

/** How far an entry moves by what its voices say; `except` is the number of one that is passed over. */
function step({ count, value, weight, slope }: Voices, theta: number, except = -1): number {
  let [judges, total, slopes] = [0, 0, -0];
  for (let at = 0; at < count; at++) {
    if (at === except) continue;
    judges += 1;
    total += weight[at]!;
    slopes += weight[at]! * slope[at]!;
  }
  const ridge = RIDGE / Math.max(judges, 1);
  if (total <= 0) return (-ridge * theta) / (SLOPE_WITHOUT_VOICES + ridge);
  const cut = leftOut(judges);
  let [below, moved, shares] = [0, 0, 0];
  for (let at = 0; at < count; at++) {
    if (at === except) continue;
    // All that follows is left out.
    if (below / total >= 1 - cut) break;
    const share = Math.min((below + weight[at]!) / total, 1 - cut) - Math.max(below / total, cut);
    if (share > 0) {
      moved += share * value[at]!;
      shares += share;
    }
    below += weight[at]!;
  }
  return (moved / shares - ridge * theta) / (Math.max(slopes / total, LEAST_SLOPE) + ridge);
}

const moved = (theta: number, by: number) => within(theta + DAMPING * by, STRONGEST);

function centre(thetas: Float64Array): void {
  const mean = sum(thetas) / Math.max(thetas.length, 1);
  for (let at = 0; at < thetas.length; at++) thetas[at]! -= mean;
}

/** Strengths after the last round, from what they were before it and what each entry's voices say. */
export function lastStep(rounds: { before: number; voices: Voice[] }[]): number[] {
  const thetas = Float64Array.from(rounds, ({ before, voices }) => moved(before, step(Voices.of(voices), before)));
  centre(thetas);
  return [...thetas];
}

/** A ballot by number of judge team and entries. */
export interface IndexedBallot {
  team: number;
  /** Two entries at least. */
  panel: number[];
  ranked: number;
}

/** The order of ballots, in which they tell nothing of who cast which first. */
export const byRanking = (one: Ranking, other: Ranking) =>
  byBytes(one.judge, other.judge) ||
  byList(one.panel, other.panel) ||
  (one.ranked < other.ranked ? -1 : Number(one.ranked > other.ranked));

/** Ballots and entries in order. */
export class Indexed {
  readonly entries: Entry[];
  readonly teams: string[];
  readonly ballots: IndexedBallot[];

  constructor(entries: Entry[], rankings: Ranking[]) {
    this.entries = [...entries].sort(byEntry);
    this.teams = inOrder(rankings.map((ballot) => ballot.judge));
    const teamAt = new Map(this.teams.map((team, at) => [team, at]));
    const entryAt = new Map(this.entries.map((entry, at) => [entry.id, at]));
    const judged = (ids: string[], judge: string) =>
      ids
        .map((id) => entryAt.get(id))
        .filter((at): at is number => at !== undefined && this.entries[at]!.team !== judge);
    this.ballots = [...rankings]
      .sort(byRanking)
      .map(({ judge, panel, ranked }) => ({
        team: teamAt.get(judge)!,
        panel: judged(panel, judge),
        ranked: judged(panel.slice(0, Number(ranked)), judge).length,
      }))
      .filter((ballot) => ballot.panel.length > 1);
  }
}

/** An estimate of some of the ballots; one may be there more than once. */
export class Run {
  private readonly before: Float64Array;
  readonly theta: Float64Array;
  /** As they would be without a judge team: by entry, then team. */
  private readonly without: Float64Array;
  /** By ballot. */
  private readonly weight: Float64Array;
  /** By judge team: how likely a ballot of it is to agree with the others. */
  private readonly honest: Float64Array;
  private readonly spikes: Spikes;
  private voices: Voices[] = [];

  constructor(
    private readonly all: Indexed,
    private readonly picked: IndexedBallot[],
  ) {
    const [entries, teams] = [all.entries.length, all.teams.length];
    this.theta = new Float64Array(entries);
    this.before = new Float64Array(entries);
    this.without = new Float64Array(teams * entries);
    this.weight = new Float64Array(picked.length).fill(1);
    this.honest = new Float64Array(teams).fill(PRIOR_HONEST / (PRIOR_HONEST + PRIOR_ODD));
    this.spikes = new Spikes(entries, picked);
    for (let round = 0; round < ROUNDS; round++) this.round(round);
  }

  private round(round: number): void {
    const odds = this.theta.map(exp);
    if (round >= ROUNDS_BEFORE_SPIKES) this.spikes.look(odds);
    if (round >= ROUNDS_BEFORE_WEIGHTS) this.weigh();
    this.listen(odds);
    this.step(round + 1 === ROUNDS);
  }

  /** Whether the order below the first place agrees with what the other teams found. */
  private weigh(): void {
    const agreeing = new Float64Array(this.honest.length);
    const ballots = new Float64Array(this.honest.length);
    const teams = this.honest.length;
    this.picked.forEach(({ team, panel, ranked }, number) => {
      const below = panel.length - 1;
      const theta = (at: number) => this.without[panel[at]! * teams + team]!;
      let agreement = 0;
      for (let upper = 1; upper < Math.min(ranked, below); upper++) {
        for (let lower = upper + 1; lower < panel.length; lower++) {
          agreement += theta(upper) - theta(lower);
        }
      }
      const honest = this.honest[team]!;
      const evidence = (2 / below) * agreement + log(honest / (1 - honest));
      const weight = logistic(within(evidence, MOST_EVIDENCE));
      this.weight[number] = weight;
      agreeing[team]! += weight;
      ballots[team]! += 1;
    });
    for (let team = 0; team < this.honest.length; team++) {
      this.honest[team] = (agreeing[team]! + PRIOR_HONEST) / (ballots[team]! + PRIOR_HONEST + PRIOR_ODD);
    }
  }

  /** What each judge team says of each entry. */
  private listen(odds: Float64Array): void {
    const [entries, teams] = [this.theta.length, this.honest.length];
    const given = new Float64Array(this.without.length);
    const slopes = new Float64Array(this.without.length);
    const weights = new Float64Array(this.without.length);
    this.picked.forEach(({ team, panel, ranked }, number) => {
      const last = panel.length - 1;
      const weight = this.weight[number]!;
      const won = new Float64Array(panel.length);
      const slope = new Float64Array(panel.length);
      for (let upper = 0; upper < Math.min(ranked, last); upper++) {
        for (let lower = upper + 1; lower <= last; lower++) {
          const pair = this.spikes.unspiked(number, upper, lower, last);
          const [one, other] = [odds[panel[upper]!]!, odds[panel[lower]!]!];
          const expected = one / (one + other);
          won[upper]! += pair * (1 - expected);
          won[lower]! -= pair * (1 - expected);
          const both = pair * expected * (1 - expected);
          slope[upper]! += both;
          slope[lower]! += both;
        }
      }
      panel.forEach((entry, at) => {
        const place = entry * teams + team;
        given[place]! += (weight * won[at]!) / last;
        slopes[place]! += (weight * slope[at]!) / last;
        weights[place]! += weight;
      });
    });
    this.voices = [];
    const heard = new Int32Array(teams);
    for (let entry = 0; entry < entries; entry++) {
      const first = entry * teams;
      let count = 0;
      for (let team = 0; team < teams; team++) if (weights[first + team]! > LEAST_WEIGHT) heard[count++] = team;
      const value = (team: number) => given[first + team]! / weights[first + team]!;
      const voices = new Voices(count);
      // In order of teams before: of equal values it decides.
      [...heard.subarray(0, count)]
        .sort((one, other) => byValue(value(one), value(other)))
        .forEach((team, at) => {
          const weight = weights[first + team]!;
          voices.set(at, team, value(team), weight / (weight + HALF_VOICE), slopes[first + team]! / weight);
        });
      this.voices.push(voices);
    }
  }

  private step(isLast: boolean): void {
    this.before.set(this.theta);
    const teams = this.honest.length;
    this.voices.forEach((voices, entry) => {
      const theta = this.before[entry]!;
      const all = step(voices, theta);
      if (!isLast) {
        const first = entry * teams;
        this.without.fill(theta + all, first, first + teams);
        for (let at = 0; at < voices.count; at++) {
          this.without[first + voices.team[at]!] = theta + step(voices, theta, at);
        }
      }
      this.theta[entry] = moved(theta, all);
    });
    centre(this.theta);
  }

  found(): Strength[] {
    const ballots = new Float64Array(this.theta.length);
    for (const { panel } of this.picked) for (const entry of panel) ballots[entry]! += 1;
    return this.all.entries.map((entry, at) => ({
      entry: entry.id,
      theta: this.theta[at]!,
      before: this.before[at]!,
      voices: this.voices[at]!.list(),
      ballots: ballots[at]!,
    }));
  }
}
