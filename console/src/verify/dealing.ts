// Who judges what: all of it follows from the frozen roll, the entries, the rules and the seed. The same steps as
// crates/vote/src/dealing.rs, in the same order, since every one of them may take a draw.
import type { Seed, Stream } from "./draw.ts";
import type { RollVoter, Rules } from "./record.ts";
import { byBytes, inOrder, keys } from "./text.ts";

/** An entry and the team that submitted it. */
export interface Entry {
  id: string;
  team: string;
}

export const byEntry = (one: Entry, other: Entry) => byBytes(one.id, other.id) || byBytes(one.team, other.team);

/** Who judges in which judge team, and what: the entries dealt, or for an open choice all that may be chosen. */
export interface Seat {
  judge: string;
  panel: string[];
}

export const FEWEST_DEALT = 2;
const MOST_DEALT = 8;
const FEWEST_VOTERS = 3;
const SMALLEST_POOL = 5;
const FEWEST_ENTRIES = 3;
const FEWEST_JUDGES = 5;
const MOST_ENTRIES = 500;
const MOST_VOTERS = 20_000;
const MOST_PLACES = 1_000_000;
const ONE_WAY_FROM = 17;
const ONE_WAY_POSSIBLE_FROM = 9;

/** The panels, by voters in any order; or why voting could not be opened. */
export function deal(
  rules: Rules,
  earlier: [string, string][],
  all: Entry[],
  roll: RollVoter[],
  seed: Seed,
): { seats: Seat[] } | { refusals: string[] } {
  const isPanel = rules.form === "RANKED_PANEL";
  const refusals = tooLarge(isPanel, all.length, roll.length);
  if (refusals.length > 0) return { refusals };
  const entries = [...all].sort(byEntry);
  const voters = roll.map((one) => ({ ...one, conflicts: inOrder(one.conflicts) })).sort(byVoter);
  const stream = seed.stream("deal");
  const isOneWay =
    isPanel && (rules.one_way === "ALWAYS" || (rules.one_way === "AUTO" && entries.length >= ONE_WAY_FROM));
  const directions = isOneWay ? oneWayDirections(entries, earlier, stream) : allDirections(entries);
  const judges = seated(entries, voters, directions, stream);
  const dealt = isPanel ? panels(Number(rules.panel_size), entries, judges, stream) : choices(entries, judges);
  // Of a voter who is there twice, which no roll of the server's has, the last seat counts.
  const seats = [...new Map(dealt).values()].filter((seat): seat is Seat => seat !== null);
  if (entries.length < FEWEST_ENTRIES) {
    refusals.push(`${entries.length} entries are too few: at least ${FEWEST_ENTRIES} are needed`);
  }
  const judging = new Set(seats.map((seat) => seat.judge));
  if (judging.size < FEWEST_JUDGES) {
    refusals.push(`${judging.size} judge teams are too few: at least ${FEWEST_JUDGES} are needed`);
  }
  const teams = new Set(entries.map((entry) => entry.team));
  const neutral = [...judging].filter((judge) => !judge.startsWith(" ") && !teams.has(judge)).length;
  if (neutral > entries.length) {
    refusals.push(`${neutral} neutral judge teams are too many beside ${entries.length} competing ones`);
  }
  if (isPanel && rules.one_way === "ALWAYS" && entries.length < ONE_WAY_POSSIBLE_FROM) {
    refusals.push(`one-way panels need at least ${ONE_WAY_POSSIBLE_FROM} entries, there are ${entries.length}`);
  }
  return refusals.length > 0 ? { refusals } : { seats };
}

/** The order of voters on the roll. */
export function byVoter(one: RollVoter, other: RollVoter): number {
  return (
    byBytes(one.pseudonym, other.pseudonym) ||
    Number(one.team !== null) - Number(other.team !== null) ||
    byBytes(one.team ?? "", other.team ?? "") ||
    byList(one.conflicts, other.conflicts)
  );
}

/** The order of lists: that of the first items that differ, else the shorter one first. */
export function byList(one: string[], other: string[]): number {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    const order = byBytes(one[at]!, other[at]!);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

function tooLarge(isPanel: boolean, entries: number, voters: number): string[] {
  const refusals: string[] = [];
  if (entries > MOST_ENTRIES) refusals.push(`${entries} entries are too many: at most ${MOST_ENTRIES} can be judged`);
  if (voters > MOST_VOTERS) refusals.push(`${voters} voters are too many: at most ${MOST_VOTERS} can judge`);
  if (!isPanel && entries * voters > MOST_PLACES) {
    refusals.push(
      `an open choice of ${entries} entries by ${voters} voters is too large: at most ${MOST_PLACES} ` +
        "entries can stand on all ballots together",
    );
  }
  return refusals;
}

/** By judge team, the teams that it may judge. */
type Directions = Map<string, Set<string>>;

function allDirections(entries: Entry[]): Directions {
  const teams = entries.map((entry) => entry.team);
  return new Map(teams.map((team) => [team, new Set(teams.filter((other) => other !== team))]));
}

/** A tournament by rotation: entries stand in a circle, and at every distance a coin says which way teams judge. */
function oneWayDirections(entries: Entry[], earlier: [string, string][], stream: Stream): Directions {
  const before: Directions = new Map();
  for (const [judge, judged] of earlier) before.set(judge, (before.get(judge) ?? new Set()).add(judged));
  const circle = [...entries];
  stream.shuffle(circle);
  const n = circle.length;
  const directions: Directions = new Map(circle.map((entry) => [entry.team, new Set()]));
  for (let distance = 1; distance <= Math.floor(Math.max(n - 1, 0) / 2); distance++) {
    const step = stream.coin() ? n - distance : distance;
    circle.forEach(({ team: judge }, at) => {
      const judged = circle[(at + step) % n]!.team;
      const turned = before.get(judged)?.has(judge) && !before.get(judge)?.has(judged);
      if (turned) directions.get(judged)!.add(judge);
      else directions.get(judge)!.add(judged);
    });
  }
  return directions;
}

/** A voter, and the entries that they may judge, by number. */
interface Chair {
  voter: string;
  allowed: Set<number>;
}
type Tables = Map<string, Chair[]>;

/** Voters by judge team; those who judge in none are left out. */
function seated(entries: Entry[], voters: RollVoter[], directions: Directions, stream: Stream): Tables {
  const placesOf = new Map<string, number[]>();
  entries.forEach((entry, at) => placesOf.set(entry.team, [...(placesOf.get(entry.team) ?? []), at]));
  const led = new Map(
    [...placesOf.keys()].map((team) => {
      const judged = [...(directions.get(team) ?? [])].flatMap((other) => placesOf.get(other) ?? []);
      return [team, new Set(judged)] as const;
    }),
  );
  const all = new Set(entries.keys());
  const chair = (voter: RollVoter): Chair => {
    const ledTo = (voter.team !== null && led.get(voter.team)) || all;
    const refused = new Set(voter.conflicts.flatMap((team) => placesOf.get(team) ?? []));
    const allowed = refused.size === 0 ? ledTo : new Set([...ledTo].filter((at) => !refused.has(at)));
    return { voter: voter.pseudonym, allowed };
  };
  const judges: Tables = new Map();
  const loose: Chair[] = [];
  for (const voter of voters) {
    if (voter.team === null) loose.push(chair(voter));
    else judges.set(voter.team, [...(judges.get(voter.team) ?? []), chair(voter)]);
  }
  for (const team of keys(judges)) {
    const table = judges.get(team)!;
    if (table.length >= FEWEST_VOTERS) continue;
    loose.push(...table);
    judges.delete(team);
  }
  loose.sort((one, other) => byBytes(one.voter, other.voter));
  stream.shuffle(loose);
  const pools = Math.floor(loose.length / SMALLEST_POOL);
  if (pools > 0) {
    loose.forEach((one, at) => {
      const pool = ` pool ${(at % pools) + 1}`;
      judges.set(pool, [...(judges.get(pool) ?? []), one]);
    });
    return judges;
  }
  // Too few for a pool: they join the smallest neutral team, where there is one.
  const hosts = keys(judges).filter((team) => !placesOf.has(team));
  const fewest = Math.min(...hosts.map((team) => judges.get(team)!.length));
  const host = hosts.find((team) => judges.get(team)!.length === fewest);
  if (host !== undefined) judges.get(host)!.push(...loose);
  return judges;
}

/** What becomes of a voter; null: there is nothing that they may judge. */
type Seats = [voter: string, seat: Seat | null][];

function choices(entries: Entry[], judges: Tables): Seats {
  return keys(judges).flatMap((judge) =>
    judges.get(judge)!.map(({ voter, allowed }): Seats[number] => {
      const panel = sorted(allowed).map((at) => entries[at]!.id);
      return [voter, panel.length > 0 ? { judge, panel } : null];
    }),
  );
}

const sorted = (numbers: Iterable<number>) => [...numbers].sort((one, other) => one - other);

/** What a judge team can show. */
interface Hand {
  judge: string;
  table: Chair[];
  /** Entries that at least one of its voters may judge, in order. */
  allowed: number[];
  /** Places on all its panels. */
  places: number;
}

function panels(size: number, entries: Entry[], judges: Tables, stream: Stream): Seats {
  const most = Math.min(Math.max(Math.min(size, MOST_DEALT), FEWEST_DEALT), MOST_DEALT);
  const hands: Hand[] = keys(judges)
    .map((judge) => {
      const table = judges.get(judge)!.filter((chair) => chair.allowed.size >= FEWEST_DEALT);
      table.sort((one, other) => byBytes(one.voter, other.voter));
      const allowed = sorted(new Set(table.flatMap((chair) => [...chair.allowed])));
      const places = table.reduce((sum, chair) => sum + Math.min(most, chair.allowed.size), 0);
      return { judge, table, allowed, places };
    })
    .filter((hand) => hand.table.length > 0);
  const idle = [...judges.values()].flat().filter((chair) => chair.allowed.size < FEWEST_DEALT);
  const seats: Seats = idle.map((chair) => [chair.voter, null]);
  const shown = balanced(entries.length, hands, stream);
  hands.forEach(({ judge, table, ...hand }, at) => {
    const deck = new Deck(hand, shown[at]!, stream);
    for (const { voter, allowed } of table) {
      const panel = deck.deal(Math.min(most, allowed.size), allowed).map((entry) => entries[entry]!.id);
      seats.push([voter, { judge, panel }]);
    }
  });
  return seats;
}

/** The entries that each judge team shows: every entry to as many judge teams as any other, as nearly as can be. */
function balanced(entries: number, hands: Hand[], stream: Stream): Set<number>[] {
  const shown = hands.map((hand) => {
    const all = [...hand.allowed];
    stream.shuffle(all);
    return new Set(all.slice(0, hand.places));
  });
  const counts = new Array<number>(entries).fill(0);
  for (const set of shown) for (const entry of set) counts[entry]! += 1;
  for (let links = chain(hands, shown, counts); links; links = chain(hands, shown, counts)) {
    for (const [team, from, to] of links) {
      shown[team]!.delete(from);
      shown[team]!.add(to);
      counts[from]! -= 1;
      counts[to]! += 1;
    }
  }
  return shown;
}

type Link = [team: number, from: number, to: number];

/** Teams that could show another entry, so that one loses a judge to one with at least two fewer. */
function chain(hands: Hand[], shown: Set<number>[], counts: number[]): Link[] | undefined {
  const begins = [...counts.keys()].sort((one, other) => counts[other]! - counts[one]!);
  const fewest = counts.length > 0 ? Math.min(...counts) : 0;
  const inVain = new Set<number>();
  for (const begin of begins) {
    if (counts[begin]! < fewest + 2) return undefined;
    if (inVain.has(begin)) continue;
    const came = new Map<number, Link>();
    const asked = new Set<number>();
    const queue = [begin];
    for (let from = queue.shift(); from !== undefined; from = queue.shift()) {
      for (const [team, hand] of hands.entries()) {
        if (!shown[team]!.has(from) || asked.has(team)) continue;
        asked.add(team);
        for (const to of hand.allowed) {
          if (shown[team]!.has(to) || to === begin || came.has(to)) continue;
          came.set(to, [team, from, to]);
          if (counts[to]! + 2 <= counts[begin]!) return back(came, begin, to);
          queue.push(to);
        }
      }
    }
    for (const entry of came.keys()) inVain.add(entry);
  }
  return undefined;
}

function back(came: Map<number, Link>, begin: number, end: number): Link[] {
  const links: Link[] = [];
  for (let to = end; to !== begin;) {
    const link = came.get(to);
    if (!link) break;
    links.push(link);
    to = link[1];
  }
  return links;
}

/** A judge team's entries, shuffled again and again: what a voter cannot take waits for the voter after them. */
class Deck {
  private queue: number[];

  constructor(
    private readonly hand: Pick<Hand, "allowed">,
    shown: Set<number>,
    private readonly stream: Stream,
  ) {
    const first = sorted(shown);
    stream.shuffle(first);
    const rest = hand.allowed.filter((entry) => !shown.has(entry));
    stream.shuffle(rest);
    this.queue = [...first, ...rest];
  }

  deal(size: number, allowed: Set<number>): number[] {
    const panel: number[] = [];
    const deferred: number[] = [];
    while (panel.length < size) {
      const next = this.queue.shift();
      if (next === undefined) {
        this.queue = [...this.hand.allowed];
        this.stream.shuffle(this.queue);
      } else if (allowed.has(next) && !panel.includes(next)) panel.push(next);
      else deferred.push(next);
    }
    this.queue.unshift(...deferred);
    return panel;
  }
}
