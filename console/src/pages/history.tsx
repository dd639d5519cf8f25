// A team over the months: its places drawn, and its points beside them.
import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { CompetitionService, TallyMethod, type TeamStanding } from "../../gen/rapport/v1/competition_pb.ts";
import { day, dayOf, fixed, localTime } from "../format.ts";
import { Show, useLoad } from "../load.tsx";
import { people, teamIds, teamName } from "../names.ts";
import { Trend, Whisker } from "../parts/charts.tsx";
import { address, go, route } from "../route.ts";
import { client, standing } from "../session.ts";
import { t } from "../words.ts";

/** Short, since many stand beside each other; the table has the year. */
const monthDay = (at?: Timestamp) => (at ? day(localTime(timestampDate(at)).slice(0, 10)) : "");

/** As many months as are drawn. */
const MONTHS = 36;

export function History() {
    const asked = route.value.query.get("team");
    const now = standing.value;
    const own = now.kind === "in" ? people.value.get(now.session.subject)?.teamId : undefined;
    const team = asked ?? (own || teamIds.value[0]) ?? "";
    return (
        <section class="card">
            <header class="split">
                <h2>{t.value.history}</h2>
                <label class="choice">
                    {t.value.team}
                    <select
                        value={team}
                        onChange={(event) => go(address("competitions", "", { team: event.currentTarget.value }))}
                    >
                        {teamIds.value.map((id) => (
                            <option value={id}>{teamName(id)}</option>
                        ))}
                    </select>
                </label>
            </header>
            {team && <Months key={team} team={team} />}
        </section>
    );
}

function Months({ team }: { team: string }) {
    const listed = useLoad(`standings ${team}`, async (signal) => {
        const answer = await client(CompetitionService).listTeamStandings(
            { teamId: team, pageSize: MONTHS },
            { signal },
        );
        return answer.standings.toReversed();
    });
    return (
        <Show of={listed} empty={(all) => all.length === 0} nothing={t.value.noHistory}>
            {(all) => <Drawn team={team} all={all} />}
        </Show>
    );
}

function Drawn({ team, all }: { team: string; all: TeamStanding[] }) {
    const most = Math.max(...all.map((one) => one.entries), 2);
    const places = all.map((one) => one.standing?.place || undefined);
    const ticks = [1, Math.round((1 + most) / 2), most];
    // Points of different tallies are on different scales: each row has that of its own.
    const scaleOf = (of: TeamStanding): [number, number] =>
        of.competition?.rules?.tally === TallyMethod.TRIMMED_TEAM_MEAN
            ? [0, 1]
            : [
                  Math.min(...all.map((one) => one.standing?.low ?? 0)),
                  Math.max(...all.map((one) => one.standing?.high ?? 1)),
              ];
    return (
        <>
            <p class="note">{t.value.historyNote}</p>
            {all.length > 1 && (
                <Trend
                    lines={[{ name: teamName(team), kind: "main", points: places }]}
                    steps={all.map((one) => monthDay(one.competition?.closedTime))}
                    scale={[most, 1]}
                    ticks={ticks}
                    write={(place) => String(place)}
                    label={t.value.historyOf(teamName(team))}
                />
            )}
            <div class="scroll" tabIndex={0} role="region" aria-label={t.value.historyOf(teamName(team))}>
                <table class="history">
                    <thead>
                        <tr>
                            <th scope="col">{t.value.competition}</th>
                            <th scope="col" class="number">
                                {t.value.place}
                            </th>
                            <th scope="col">{t.value.points}</th>
                            <th scope="col">{t.value.prize}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {all.toReversed().map((one) => {
                            const { competition, standing } = one;
                            return (
                                <tr>
                                    <th scope="row">
                                        <a href={address("competitions", competition?.competitionId)} dir="auto">
                                            {competition?.title}
                                        </a>{" "}
                                        <small>{dayOf(competition?.closedTime)}</small>
                                    </th>
                                    <td class="number">{t.value.placeOf(standing?.place ?? 0, one.entries)}</td>
                                    <td>
                                        {standing?.score === undefined ? (
                                            <span class="empty">{t.value.notScored}</span>
                                        ) : (
                                            <span class="drawn">
                                                <Whisker
                                                    of={{
                                                        value: standing.score,
                                                        low: standing.low,
                                                        high: standing.high,
                                                    }}
                                                    scale={scaleOf(one)}
                                                    label={t.value.scored(
                                                        fixed(standing.score),
                                                        fixed(standing.low ?? standing.score),
                                                        fixed(standing.high ?? standing.score),
                                                    )}
                                                />
                                                <span class="figure">{fixed(standing.score)}</span>
                                            </span>
                                        )}
                                    </td>
                                    <td>{standing?.prize}</td>
                                </tr>
                            );
                        })}
                    </tbody>
                </table>
            </div>
        </>
    );
}
