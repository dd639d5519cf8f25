// Writes src/swapping.ts: what docs/swapping.md publishes of agreements, for the page that announces a competition. A
// test compares.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const TALLIES = {
  plurality: "PLURALITY",
  "trimmed team mean": "TRIMMED_TEAM_MEAN",
  "pairwise consensus": "PAIRWISE_CONSENSUS",
};
const ATTACKS = {
  "pair wins": "pair",
  "pair+bury wins": "pairBury",
  "ring of 3+bury wins": "ring",
  "bloc of 4+bury wins": "bloc",
  "2 judges a team, top 3": "judges",
};
const SIZE = /^(\d+)x(\d+)(?:\+(\d+))?( one-way)?$/;

interface Row {
  teams: number;
  voters: number;
  neutral: number;
  isOneWay: boolean;
  gains: Record<string, Record<string, [number, number]>>;
}

const cells = (line: string) =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
const match = (of: RegExp, text: string) => {
  const found = of.exec(text);
  if (!found) throw new Error(`${text} is not ${of}`);
  return found;
};

export function published(): string {
  const page = readFileSync(join(here, "../docs/swapping.md"), "utf8");
  const tables = [...page.matchAll(/^### (.+) \(\d+ months\)\n\n((?:\|.*\n)+)/gm)];
  const gains = tables.map(([, name = "", table = ""]): Row => {
    const [head = [], , ...rows] = table.trim().split("\n").map(cells);
    const [, teams, voters, neutral = "0", oneWay] = match(SIZE, name);
    const of = (attack: string, tally: string): [number, number] => {
      const row = rows.find(([first]) => first === attack);
      const [, points, sure] = match(/^([+-]\d+\.\d) ± (\d+\.\d)$/, row?.[head.indexOf(tally)] ?? "");
      return [Number(points), Number(sure)];
    };
    const byTally = (attack: string) =>
      Object.fromEntries(Object.entries(TALLIES).map(([tally, as]) => [as, of(attack, tally)]));
    return {
      teams: Number(teams),
      voters: Number(voters),
      neutral: Number(neutral),
      isOneWay: oneWay !== undefined,
      gains: Object.fromEntries(Object.entries(ATTACKS).map(([attack, key]) => [key, byTally(attack)])),
    };
  });
  const list = gains.map((one) => `  ${JSON.stringify(one)},\n`).join("");
  return `// Written by console/swapping.ts from docs/swapping.md: points won by an agreement, and how sure that is.
export type Tally = ${Object.values(TALLIES)
    .map((one) => JSON.stringify(one))
    .join(" | ")};
export type Attack = ${Object.values(ATTACKS)
    .map((one) => JSON.stringify(one))
    .join(" | ")};
export interface Published {
  teams: number;
  voters: number;
  neutral: number;
  isOneWay: boolean;
  gains: Record<Attack, Record<Tally, [points: number, sure: number]>>;
}

export const PUBLISHED: Published[] = [\n${list}];\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  writeFileSync(join(here, "src/swapping.ts"), published());
