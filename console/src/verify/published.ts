// What the record tells of an estimate: the last round, which strengths follow from, and for auditors the ballots.
import { byRanking, lastStep, type Strength, type Voice } from "./consensus.ts";
import { decimal, told } from "./float.ts";
import type { LastRound, Ranking } from "./record.ts";

/** As the record tells it. */
export const lastRoundOf = (strengths: Strength[]): LastRound[] =>
  strengths.map(({ entry, before, voices }) => ({
    entry,
    before: decimal(before),
    voices: voices.map(({ value, weight, slope }) => [decimal(value), decimal(weight), decimal(slope)]),
  }));

export const sameRound = (one: LastRound, other: LastRound) =>
  one.entry === other.entry &&
  one.before === other.before &&
  one.voices.length === other.voices.length &&
  one.voices.every((voice, at) => voice.every((text, part) => text === other.voices[at]![part]));

/** The voices of a last round, if they are numbers that voices can be, in order. */
function voicesOf(round: LastRound): Voice[] | undefined {
  const voices: Voice[] = [];
  for (const texts of round.voices) {
    const [value, weight, slope] = texts.map(told);
    if (value === undefined || weight === undefined || slope === undefined) return undefined;
    if (Math.abs(value) > 1 || weight < 0 || weight >= 1 || slope < 0) return undefined;
    if (voices.length > 0 && voices.at(-1)!.value > value) return undefined;
    voices.push({ value, weight, slope });
  }
  return voices;
}

/** Strengths that follow from the last round, in its order; none if it is not one. */
export function strengthsAfter(rounds: LastRound[]): number[] | undefined {
  const read: { before: number; voices: Voice[] }[] = [];
  for (const round of rounds) {
    const [before, voices] = [told(round.before), voicesOf(round)];
    if (before === undefined || !voices) return undefined;
    read.push({ before, voices });
  }
  return lastStep(read);
}

/** Ballots as the auditor's record holds them, in order. */
export function rankingsText(rankings: Ranking[]): string {
  const rows = [...rankings]
    .sort(byRanking)
    .map(({ judge, panel, ranked }) => `[${JSON.stringify(judge)},${JSON.stringify(panel)},${ranked}]`);
  return `[${rows.join()}]`;
}
