// Who supported whom, by team, for auditors: what was dealt against what was given. It is drawn from the auditor's
// record, of which the server records each reading, so that it is not fetched before somebody asks for it.
import { useState } from "preact/hooks";
import {
    CompetitionService,
    FlagKind,
    FlagStrength,
    RecordAudience,
    type Flag,
} from "../../gen/rapport/v1/competition_pb.ts";
import { percent } from "../format.ts";
import { Refusal } from "../load.tsx";
import { teamName } from "../names.ts";
import { client } from "../session.ts";
import { t, word } from "../words.ts";

/** Of one judge team about one competing team. */
interface Given {
    ballots: number;
    top: number;
}
interface Network {
    judges: string[];
    teams: string[];
    given: Map<string, Given>;
    flags: Flag[];
}

/** Teams of which all others are shown; of more, those around one of them. */
const MOST_SHOWN = 24;
const MERGED = " merged";
const pair = (judge: string, team: string) => `${judge}\n${team}`;
const share = (of: Given) => of.top / of.ballots;

async function load(competitionId: string): Promise<Network> {
    const service = client(CompetitionService);
    const { record } = await service.exportRecord({ competitionId, audience: RecordAudience.AUDITOR });
    const flags: Flag[] = [];
    for (let pageToken = "", first = true; first || pageToken; first = false) {
        const answer = await service.listFlags({ competitionId, pageSize: 500, pageToken });
        flags.push(...answer.flags.filter((flag) => flag.strength === FlagStrength.MORE_THAN_CHANCE));
        pageToken = answer.nextPageToken;
    }
    const told = JSON.parse(new TextDecoder().decode(record));
    const entries = JSON.parse(told.manifest).entries as { id: string; team: string }[];
    const teamOf = new Map(entries.map((one) => [one.id, one.team]));
    const rows = JSON.parse(told.auditor.sums) as [string, string, number, number, number][];
    const given = new Map<string, Given>();
    for (const [judge, entry, ballots, , top] of rows)
        given.set(pair(judge, teamOf.get(entry) ?? ""), { ballots, top });
    const teams = [...new Set(teamOf.values())].sort((one, other) => teamName(one).localeCompare(teamName(other)));
    const judges = [...new Set(rows.map(([judge]) => judge))];
    // Competing teams stand in the same order both ways; neutral ones, pools and the merged come after.
    const order = (judge: string) => (teams.includes(judge) ? teams.indexOf(judge) : teams.length);
    judges.sort((one, other) => order(one) - order(other) || (one < other ? -1 : 1));
    return { judges, teams, given, flags };
}

/** Who is flagged for supporting whom. */
function flagged(flags: Flag[]): Set<string> {
    const pairs = flags.flatMap(({ kind, teamIds }) => {
        const next = teamIds.map((team, at) => pair(team, teamIds[(at + 1) % teamIds.length]!));
        if (kind === FlagKind.ONE_WAY) return next.slice(0, 1);
        return kind === FlagKind.PAIR || kind === FlagKind.RING ? next : [];
    });
    return new Set(pairs);
}

const judgeName = (judge: string) =>
    judge === MERGED
        ? t.value.mergedTeams
        : judge.startsWith(" pool ")
          ? t.value.pool(judge.slice(6))
          : teamName(judge);

export function VoteNetwork({ id }: { id: string }) {
    const [network, setNetwork] = useState<Network>();
    const [failed, setFailed] = useState<unknown>();
    const open = () => {
        setFailed(undefined);
        load(id).then(setNetwork, setFailed);
    };
    return (
        <section class="card">
            <h2>{t.value.network}</h2>
            <p class="note">{t.value.networkNote}</p>
            {network ? (
                <Drawn of={network} />
            ) : (
                <div class="actions">
                    <button type="button" onClick={open}>
                        {t.value.openNetwork}
                    </button>
                </div>
            )}
            {failed !== undefined && <Refusal error={failed} />}
        </section>
    );
}

function Drawn({ of }: { of: Network }) {
    const isLarge = of.teams.length > MOST_SHOWN;
    const [around, setAround] = useState(of.flags[0]?.teamIds[0] ?? of.teams[0] ?? "");
    const marked = flagged(of.flags);
    const teams = isLarge ? of.teams.filter((team) => near(of, marked, around, team)) : of.teams;
    const judges = isLarge ? of.judges.filter((judge) => near(of, marked, around, judge)) : of.judges;
    return (
        <>
            {isLarge && (
                <label class="choice">
                    {t.value.around}
                    <select value={around} onChange={(event) => setAround(event.currentTarget.value)}>
                        {of.teams.map((team) => (
                            <option value={team}>{teamName(team)}</option>
                        ))}
                    </select>
                </label>
            )}
            <Ring of={of} teams={teams} marked={marked} />
            <Matrix of={of} judges={judges} teams={teams} marked={marked} />
            {of.flags.length > 0 && (
                <ul class="findings">
                    {of.flags.map((flag) => (
                        <li class="warm">
                            <b>{word(t.value.flagKinds, FlagKind[flag.kind])}</b>{" "}
                            {flag.teamIds.map(teamName).join(flag.kind === FlagKind.PAIR ? " ↔ " : " → ")}
                        </li>
                    ))}
                </ul>
            )}
        </>
    );
}

/** Whether of two teams one is the other, supports it above its share, or is flagged with it. */
function near({ given, teams }: Network, marked: Set<string>, one: string, other: string): boolean {
    if (one === other) return true;
    const usual = (judge: string) => {
        const all = teams.map((team) => given.get(pair(judge, team))).filter((of) => of !== undefined);
        return all.reduce((sum, of) => sum + of.top, 0) / all.reduce((sum, of) => sum + of.ballots, 0);
    };
    const supports = (judge: string, team: string) => {
        const found = given.get(pair(judge, team));
        return marked.has(pair(judge, team)) || (found !== undefined && share(found) > 1.5 * usual(judge));
    };
    return supports(one, other) || supports(other, one);
}

const SIZE = 460;
const RADIUS = 148;

/** Competing teams in a circle, and who put whom into the top third of most of the panels on which they were dealt. */
function Ring({ of, teams, marked }: { of: Network; teams: string[]; marked: Set<string> }) {
    const angle = (at: number) => (at / teams.length) * 2 * Math.PI - Math.PI / 2;
    const point = (at: number, radius: number) =>
        [SIZE / 2 + radius * Math.cos(angle(at)), SIZE / 2 + radius * Math.sin(angle(at))] as const;
    const edges = teams.flatMap((judge, from) =>
        teams.flatMap((team, to) => {
            const found = of.given.get(pair(judge, team));
            const isMarked = marked.has(pair(judge, team));
            return found && (share(found) > 0.5 || isMarked) ? [{ from, to, share: share(found), isMarked }] : [];
        }),
    );
    // What is flagged lies above the rest.
    edges.sort((one, other) => Number(one.isMarked) - Number(other.isMarked) || one.share - other.share);
    return (
        <figure class="ring">
            <svg
                viewBox={`0 ${SIZE / 2 - RADIUS - 28} ${SIZE} ${2 * RADIUS + 56}`}
                role="img"
                aria-label={t.value.ringLabel}
            >
                {edges.map(({ from, to, share, isMarked }) => {
                    const [x1, y1] = point(from, RADIUS);
                    const [x2, y2] = point(to, RADIUS);
                    // Each way bends to its own side, so that support and its return are two lines.
                    const [cx, cy] = [
                        (x1 + x2) / 2 + (SIZE / 2 - (x1 + x2) / 2) * 0.3 + (y2 - y1) * 0.12,
                        (y1 + y2) / 2 + (SIZE / 2 - (y1 + y2) / 2) * 0.3 - (x2 - x1) * 0.12,
                    ];
                    return (
                        <g class={isMarked ? "flagged" : ""}>
                            <path d={`M${x1} ${y1}Q${cx} ${cy} ${x2} ${y2}`} stroke-width={1 + 3 * (share - 0.4)} />
                            <circle cx={x2 + (cx - x2) * 0.16} cy={y2 + (cy - y2) * 0.16} r="3.5" />
                        </g>
                    );
                })}
                {teams.map((team, at) => {
                    const [x, y] = point(at, RADIUS + 10);
                    const anchor = Math.abs(x - SIZE / 2) < 24 ? "middle" : x < SIZE / 2 ? "end" : "start";
                    const name = teamName(team);
                    return (
                        <text x={x} y={y + 4} text-anchor={anchor}>
                            {name.length > 12 ? `${name.slice(0, 11)}…` : name}
                        </text>
                    );
                })}
            </svg>
            <figcaption class="note">{t.value.ringNote}</figcaption>
        </figure>
    );
}

/** The same in figures, of all judge teams. */
function Matrix(props: { of: Network; judges: string[]; teams: string[]; marked: Set<string> }) {
    const { of, judges, teams, marked } = props;
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label={t.value.matrix}>
            <table class="matrix">
                <caption>{t.value.matrixNote}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t.value.judgeTeam}</th>
                        {teams.map((team) => (
                            <th scope="col">{teamName(team)}</th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {judges.map((judge) => (
                        <tr>
                            <th scope="row">{judgeName(judge)}</th>
                            {teams.map((team) => {
                                const found = of.given.get(pair(judge, team));
                                const isMarked = marked.has(pair(judge, team));
                                if (!found)
                                    return <td class={judge === team ? "own" : ""}>{judge === team ? "" : "·"}</td>;
                                return (
                                    <td
                                        class={`share-${Math.round(share(found) * 4)} ${isMarked ? "flagged" : ""}`}
                                        title={percent(share(found))}
                                    >
                                        {found.top}/{found.ballots}
                                        {isMarked && <span class="hidden"> {t.value.isFlagged}</span>}
                                    </td>
                                );
                            })}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
