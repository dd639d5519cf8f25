// How sure strengths and places are: ballots drawn again within judge teams.
import { Indexed, Run, nanosOf } from "./consensus.ts";
import type { Entry } from "./dealing.ts";
import type { Seed } from "./draw.ts";
import type { Ranking } from "./record.ts";

const DRAWS = 400;
/** Intervals of strengths are this much wider than their draws, in tenths. */
const WIDER = 13;

/** How sure a score is, in billionths, and between which places it lies. */
export interface Interval {
  low: bigint;
  high: bigint;
  places: [best: bigint, worst: bigint] | null;
}

/** By entry id in order, with the judge teams of each; drawn from one stream, by draw and then by judge team. */
export function resampled(
  entries: Entry[],
  rankings: Ranking[],
  seed: Seed,
): (Interval & { entry: string; judges: number })[] {
  const all = new Indexed(entries, rankings);
  const strata = all.teams.map((_, team) => {
    const first = all.ballots.findIndex((ballot) => ballot.team === team);
    return { first, size: all.ballots.filter((ballot) => ballot.team === team).length };
  });
  const stream = seed.stream("bootstrap");
  const strengths = all.entries.map(() => new Float64Array(DRAWS));
  const places = all.entries.map(() => new Float64Array(DRAWS));
  for (let draw = 0; draw < DRAWS; draw++) {
    const picked: number[] = [];
    for (const { first, size } of strata) {
      for (let ballot = 0; ballot < size; ballot++) picked.push(first + stream.below(size));
    }
    picked.sort((one, other) => one - other);
    const run = new Run(
      all,
      picked.map((at) => all.ballots[at]!),
    );
    const drawn = run.theta.map(nanosOf);
    const order = drawn.slice().sort();
    drawn.forEach((own, entry) => {
      strengths[entry]![draw] = own;
      places[entry]![draw] = 1 + above(order, own);
    });
  }
  const run = new Run(all, all.ballots);
  const found = run.found();
  return all.entries.map((entry, at) => {
    const own = nanosOf(run.theta[at]!);
    const [drawn, placed] = [strengths[at]!.sort(), places[at]!.sort()];
    const [low, high] = [Math.trunc((DRAWS * 25) / 1_000), Math.trunc((DRAWS * 975) / 1_000) - 1];
    const wider = (strength: number) => own + Math.trunc(((strength - own) * WIDER) / 10);
    return {
      entry: entry.id,
      judges: found[at]!.voices.length,
      low: BigInt(Math.min(wider(drawn[low]!), own)),
      high: BigInt(Math.max(wider(drawn[high]!), own)),
      places: [BigInt(placed[low]!), BigInt(placed[high]!)],
    };
  });
}

/** How many of the sorted values are above one of them. */
function above(order: Float64Array, own: number): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order[middle]! > own) high = middle;
    else low = middle + 1;
  }
  return order.length - low;
}
