// Spikes: ballots that put an entry first, second, last but one or last, whatever it is worth.
import type { IndexedBallot } from "./consensus.ts";

const STEPS = 2;
const PRIOR_SPIKED = 0.5;
const PRIOR_PLAIN = 29.5;
const PLAIN_PER_BALLOT = 0.8;
/** Entries of a panel on which the second place is not also one of the last two. */
const SECOND_FROM = 4;

/** Places where spikes are looked for. */
const [FIRST, SECOND, LAST_BUT_ONE, LAST] = [0, 1, 2, 3];
const PLACES = 4;

/** The shares of spikes by entry, and how likely each ballot's are. */
export class Spikes {
  /** By place, then by entry. */
  private readonly share: Float64Array[];
  private readonly dealt: Float64Array;
  private readonly plain: Float64Array;
  /** By ballot, then by place. */
  private readonly spiked: Float64Array;

  constructor(
    private readonly entries: number,
    private readonly ballots: IndexedBallot[],
  ) {
    this.dealt = new Float64Array(entries);
    for (const { panel } of ballots) for (const entry of panel) this.dealt[entry]! += 1;
    this.plain = this.dealt.map((dealt) => Math.max(PRIOR_PLAIN, PLAIN_PER_BALLOT * dealt));
    const prior = this.plain.map((plain) => PRIOR_SPIKED / (PRIOR_SPIKED + plain));
    this.share = Array.from({ length: PLACES }, () => prior.slice());
    this.spiked = new Float64Array(ballots.length * PLACES);
  }

  /** How much of the pair of places `upper` and `lower` (from 0 to `last`) of a ballot no spike explains. */
  unspiked(ballot: number, upper: number, lower: number, last: number): number {
    const at = (place: number, touches: boolean) => (touches ? 1 - this.spiked[ballot * PLACES + place]! : 1);
    return (
      at(FIRST, upper === 0) *
      at(SECOND, upper === 1 || lower === 1) *
      at(LAST_BUT_ONE, upper + 1 === last || lower + 1 === last) *
      at(LAST, lower === last)
    );
  }

  /** Looks again, at the present odds of entries. */
  look(odds: Float64Array): void {
    for (let round = 0; round < STEPS; round++) {
      const found = Array.from({ length: PLACES }, () => new Float64Array(this.entries));
      this.ballots.forEach((ballot, number) => {
        this.lookAt(number, ballot, odds);
        const last = ballot.panel.length - 1;
        const places = [
          [FIRST, 0],
          [LAST, last],
          [SECOND, 1],
          [LAST_BUT_ONE, last - 1],
        ] as const;
        for (const [place, at] of places) found[place]![ballot.panel[at]!]! += this.spiked[number * PLACES + place]!;
      });
      this.share.forEach((share, place) => {
        for (let entry = 0; entry < this.entries; entry++) {
          share[entry] =
            (found[place]![entry]! + PRIOR_SPIKED) / (this.dealt[entry]! + PRIOR_SPIKED + this.plain[entry]!);
        }
      });
    }
  }

  /** From the top the best of a panel comes by its odds among all, from the bottom by the odds turned round. */
  private lookAt(number: number, { panel, ranked }: IndexedBallot, odds: Float64Array): void {
    const last = panel.length - 1;
    const first = number * PLACES;
    let [total, inverse] = [0, 0];
    for (const entry of panel) {
      total += odds[entry]!;
      inverse += 1 / odds[entry]!;
    }
    const look = (place: number, at: number, byChance: number) => {
      const share = this.share[place]![panel[at]!]!;
      this.spiked[first + place] = share / (share + (1 - share) * byChance);
    };
    const oddsAt = (at: number) => odds[panel[at]!]!;
    this.spiked.fill(0, first, first + PLACES);
    // Who leaves one place open has filled it too.
    const toTheBottom = ranked >= last;
    look(FIRST, 0, oddsAt(0) / total);
    if (toTheBottom) look(LAST, last, 1 / oddsAt(last) / inverse);
    if (panel.length >= SECOND_FROM && ranked >= 2) {
      look(SECOND, 1, oddsAt(1) / (total - oddsAt(0)));
      if (toTheBottom) look(LAST_BUT_ONE, last - 1, 1 / oddsAt(last - 1) / (inverse - 1 / oddsAt(last)));
    }
  }
}
