// Announcing a competition, or changing what was announced: each rule with what it does, and what agreements would gain
// under the rules as they stand in the form, as published.
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import {
    BallotForm,
    CompetitionRulesSchema,
    CompetitionService,
    OneWayPanels,
    SwapRule,
    TallyMethod,
    TeamNames,
    type Competition,
    type CompetitionRules,
} from "../../gen/rapport/v1/competition_pb.ts";
import { now } from "../clock.ts";
import { atLocalTime, fixed, localTime, requestId, zone } from "../format.ts";
import { Refusal } from "../load.tsx";
import { teamName, teamIds } from "../names.ts";
import { Page } from "../parts/controls.tsx";
import { address, go } from "../route.ts";
import { client } from "../session.ts";
import { PUBLISHED, type Attack, type Published, type Tally } from "../swapping.ts";
import { t } from "../words.ts";

const DAY = 86_400;
const WEEK = 7 * DAY * 1000;
const ATTACKS: Attack[] = ["pair", "pairBury", "ring", "bloc", "judges"];
/** From so many entries on panels are one-way by themselves. */
const ONE_WAY_FROM = 17;

const lines = (text: string) =>
    text
        .split("\n")
        .map((one) => one.trim())
        .filter(Boolean);

export function Announce() {
    const announce = async (competition: Announced) => {
        const answer = await client(CompetitionService).createCompetition({ requestId: requestId(), competition });
        go(address("competitions", answer.competition?.competitionId));
    };
    return (
        <Page title={t.value.announce} lead={<a href={address("competitions")}>{t.value.allCompetitions}</a>}>
            <Form label={t.value.announce} onDone={announce} />
        </Page>
    );
}

/** What was not changed keeps its seconds, which the field does not show. */
const deadline = (text: string, before?: Timestamp): Timestamp =>
    before && text === localTime(timestampDate(before)) ? before : timestampFromDate(atLocalTime(text));

/** The same form on what is announced already. */
export function Reannounce({ of, onDone }: { of: Competition; onDone: () => void }) {
    const { competitionId, etag } = of;
    return (
        <Form
            of={of}
            label={t.value.reannounce}
            onDone={async (competition) => {
                const service = client(CompetitionService);
                await service.updateCompetition({ requestId: requestId(), competitionId, etag, competition });
                onDone();
            }}
        />
    );
}

interface Announced {
    title: string;
    rules: CompetitionRules;
    submissionDeadline?: Timestamp;
    votingDeadline?: Timestamp;
}

/** A choice that is explained as it stands. */
function Choice<V extends number>(props: {
    label: string;
    value: V;
    of: readonly (readonly [V, { name: string; why: string }])[];
    onChange: (value: V) => void;
}) {
    const chosen = props.of.find(([value]) => value === props.value) ?? props.of[0]!;
    return (
        <label class="field">
            {props.label}
            <select value={chosen[0]} onChange={(event) => props.onChange(Number(event.currentTarget.value) as V)}>
                {props.of.map(([value, { name }]) => (
                    <option value={value}>{name}</option>
                ))}
            </select>
            <small>{chosen[1].why}</small>
        </label>
    );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
    return (
        <fieldset class="part">
            <legend>{title}</legend>
            {children}
        </fieldset>
    );
}

function Form(props: { of?: Competition; label: string; onDone: (announced: Announced) => Promise<void> }) {
    const before = props.of?.rules;
    const [title, setTitle] = useState(props.of?.title ?? "");
    const at = (time: Timestamp | undefined, weeks: number) =>
        localTime(time ? timestampDate(time) : new Date(now() + weeks * WEEK));
    const [submission, setSubmission] = useState(at(props.of?.submissionDeadline, 1));
    const [voting, setVoting] = useState(at(props.of?.votingDeadline, 2));
    const [rules, setRules] = useState(() => before ?? create(CompetitionRulesSchema));
    const [prizes, setPrizes] = useState(before?.prizes.join("\n") ?? "");
    const [failed, setFailed] = useState<unknown>();
    const change = (to: Partial<CompetitionRules>) => setRules({ ...rules, ...to });
    const isPanel = rules.form !== BallotForm.OPEN_CHOICE;
    const days = (seconds?: bigint) => Number(seconds ?? 0n) / DAY;
    const lasting = (count: number) => ({
        $typeName: "google.protobuf.Duration" as const,
        seconds: BigInt(count * DAY),
        nanos: 0,
    });
    const words = t.value.rules;
    const send = () => {
        setFailed(undefined);
        const submissionDeadline = deadline(submission, props.of?.submissionDeadline);
        const votingDeadline = deadline(voting, props.of?.votingDeadline);
        const announced = { title, rules: { ...rules, prizes: lines(prizes) }, submissionDeadline, votingDeadline };
        props.onDone(announced).catch(setFailed);
    };
    return (
        <section class="card">
            <form class="announce" onSubmit={(event) => (event.preventDefault(), send())}>
                <div>
                    <Part title={words.what}>
                        <label class="field">
                            {t.value.title}
                            <input
                                required
                                maxLength={200}
                                value={title}
                                onInput={(event) => setTitle(event.currentTarget.value)}
                            />
                        </label>
                        <label class="field">
                            {t.value.submissionDeadline}
                            <input
                                type="datetime-local"
                                required
                                value={submission}
                                onInput={(event) => setSubmission(event.currentTarget.value)}
                            />
                            <small>{words.submissionWhy(zone.value)}</small>
                        </label>
                        <label class="field">
                            {t.value.votingDeadline}
                            <input
                                type="datetime-local"
                                required
                                value={voting}
                                onInput={(event) => setVoting(event.currentTarget.value)}
                            />
                            <small>{words.votingWhy}</small>
                        </label>
                        <label class="field">
                            {t.value.prizes}
                            <textarea
                                rows={3}
                                value={prizes}
                                onInput={(event) => setPrizes(event.currentTarget.value)}
                            />
                            <small>{words.prizesWhy}</small>
                        </label>
                    </Part>
                    <Part title={words.ballots}>
                        <Choice
                            label={words.form}
                            value={rules.form || BallotForm.RANKED_PANEL}
                            of={[
                                [BallotForm.RANKED_PANEL, words.forms.panel],
                                [BallotForm.OPEN_CHOICE, words.forms.choice],
                            ]}
                            onChange={(form) =>
                                change({
                                    form,
                                    tally: TallyMethod.UNSPECIFIED,
                                    panelSize: 0,
                                    choices: 0,
                                    oneWay: OneWayPanels.UNSPECIFIED,
                                    swapRule: SwapRule.UNSPECIFIED,
                                })
                            }
                        />
                        {isPanel ? (
                            <>
                                <label class="field">
                                    {t.value.panelSize}
                                    <select
                                        value={rules.panelSize}
                                        onChange={(event) => change({ panelSize: Number(event.currentTarget.value) })}
                                    >
                                        <option value={0}>{t.value.usual}</option>
                                        {[2, 3, 4, 5, 6, 7, 8].map((size) => (
                                            <option value={size}>{size}</option>
                                        ))}
                                    </select>
                                    <small>{words.panelWhy}</small>
                                </label>
                                <Choice
                                    label={words.oneWay}
                                    value={rules.oneWay}
                                    of={[
                                        [OneWayPanels.UNSPECIFIED, words.oneWays.auto],
                                        [OneWayPanels.ALWAYS, words.oneWays.always],
                                        [OneWayPanels.NEVER, words.oneWays.never],
                                    ]}
                                    onChange={(oneWay) => change({ oneWay })}
                                />
                            </>
                        ) : (
                            <>
                                <label class="field">
                                    {words.choices}
                                    <input
                                        type="number"
                                        min={1}
                                        max={20}
                                        value={rules.choices || 1}
                                        onInput={(event) => change({ choices: Number(event.currentTarget.value) })}
                                    />
                                </label>
                                <Choice
                                    label={words.swapRule}
                                    value={rules.swapRule}
                                    of={[
                                        [SwapRule.UNSPECIFIED, words.swapRules.auto],
                                        [SwapRule.NONE, words.swapRules.none],
                                        [SwapRule.REJECT_MUTUAL, words.swapRules.reject],
                                    ]}
                                    onChange={(swapRule) => change({ swapRule })}
                                />
                            </>
                        )}
                        <Choice
                            label={words.teamNames}
                            value={rules.teamNames || TeamNames.SHOWN}
                            of={[
                                [TeamNames.SHOWN, words.names.shown],
                                [TeamNames.HIDDEN, words.names.hidden],
                            ]}
                            onChange={(teamNames) => change({ teamNames })}
                        />
                    </Part>
                    <Part title={words.counting}>
                        <Choice
                            label={words.tally}
                            value={
                                rules.tally ||
                                (isPanel ? TallyMethod.PAIRWISE_CONSENSUS : TallyMethod.TRIMMED_TEAM_MEAN)
                            }
                            of={[
                                ...(isPanel
                                    ? ([[TallyMethod.PAIRWISE_CONSENSUS, words.tallies.consensus]] as const)
                                    : []),
                                [TallyMethod.TRIMMED_TEAM_MEAN, words.tallies.trimmed] as const,
                                [TallyMethod.PLURALITY, words.tallies.plurality] as const,
                            ]}
                            onChange={(tally) => change({ tally })}
                        />
                        <div class="field">
                            <span id="neutral">{words.neutral}</span>
                            <div class="checks" role="group" aria-labelledby="neutral">
                                {teamIds.value.map((id) => (
                                    <label>
                                        <input
                                            type="checkbox"
                                            checked={rules.neutralTeamIds.includes(id)}
                                            onChange={(event) => {
                                                const others = rules.neutralTeamIds.filter((one) => one !== id);
                                                const isJudge = event.currentTarget.checked;
                                                change({ neutralTeamIds: isJudge ? [...others, id] : others });
                                            }}
                                        />
                                        {teamName(id)}
                                    </label>
                                ))}
                            </div>
                            <small>{words.neutralWhy}</small>
                        </div>
                        <label class="field">
                            {words.blend}
                            <input
                                type="number"
                                min={0}
                                max={50}
                                value={rules.blendBp / 100}
                                onInput={(event) =>
                                    change({ blendBp: Math.round(Number(event.currentTarget.value) * 100) })
                                }
                            />
                            <small>{words.blendWhy}</small>
                        </label>
                        {rules.blendBp > 0 && (
                            <label class="field">
                                {words.blendDays}
                                <span class="two">
                                    <input
                                        type="date"
                                        required
                                        aria-label={words.firstDay}
                                        value={rules.blendFirstDay}
                                        onInput={(event) => change({ blendFirstDay: event.currentTarget.value })}
                                    />
                                    <input
                                        type="date"
                                        required
                                        aria-label={words.lastDay}
                                        value={rules.blendLastDay}
                                        onInput={(event) => change({ blendLastDay: event.currentTarget.value })}
                                    />
                                </span>
                            </label>
                        )}
                    </Part>
                    <Part title={words.after}>
                        <label class="field">
                            {words.dispute}
                            <input
                                type="number"
                                min={0}
                                max={90}
                                value={rules.disputeWindow ? days(rules.disputeWindow.seconds) : 14}
                                onInput={(event) =>
                                    change({ disputeWindow: lasting(Number(event.currentTarget.value)) })
                                }
                            />
                            <small>{words.disputeWhy}</small>
                        </label>
                        <label class="field">
                            {words.extension}
                            <input
                                type="number"
                                min={0}
                                max={30}
                                value={days(rules.extension?.seconds)}
                                onInput={(event) => {
                                    const count = Number(event.currentTarget.value);
                                    change({ extension: count > 0 ? lasting(count) : undefined });
                                }}
                            />
                            <small>{words.extensionWhy}</small>
                        </label>
                        <label class="field">
                            {words.publicDraw}
                            <input
                                maxLength={500}
                                value={rules.publicDrawSource}
                                onInput={(event) => change({ publicDrawSource: event.currentTarget.value })}
                            />
                            <small>{words.publicDrawWhy}</small>
                        </label>
                    </Part>
                    <button class="primary">{props.label}</button>
                    {failed !== undefined && <Refusal error={failed} />}
                </div>
                <Gains rules={rules} isPanel={isPanel} />
            </form>
        </section>
    );
}

/** The largest published size that is no larger than a competition, which errs towards more gain. */
function nearest(teams: number, neutral: number, isOneWay: boolean): Published {
    const alike = PUBLISHED.filter((one) => neutral >= one.neutral && (isOneWay || !one.isOneWay));
    return alike.findLast((one) => one.teams <= teams) ?? alike[0]!;
}

/** What agreements gain under these rules, as measured; the other tallies beside it. */
function Gains({ rules, isPanel }: { rules: CompetitionRules; isPanel: boolean }) {
    const neutral = rules.neutralTeamIds.length;
    const [teams, setTeams] = useState(0);
    const count = teams || Math.max(teamIds.value.length - neutral, 5);
    const isOneWay =
        rules.oneWay === OneWayPanels.ALWAYS || (rules.oneWay === OneWayPanels.UNSPECIFIED && count >= ONE_WAY_FROM);
    const found = nearest(count, neutral, isOneWay);
    const all: Tally[] = ["PAIRWISE_CONSENSUS", "TRIMMED_TEAM_MEAN", "PLURALITY"];
    const chosen = TallyMethod[rules.tally || TallyMethod.PAIRWISE_CONSENSUS] as Tally;
    const words = t.value.gains;
    const names = {
        PAIRWISE_CONSENSUS: t.value.rules.tallies.consensus.name,
        TRIMMED_TEAM_MEAN: t.value.rules.tallies.trimmed.name,
        PLURALITY: t.value.rules.tallies.plurality.name,
    };
    const most = Math.max(...ATTACKS.flatMap((attack) => all.map((tally) => found.gains[attack][tally][0])), 1);
    return (
        <aside class="gains" aria-live="polite">
            <h2>{words.title}</h2>
            <p class="note">{words.lead}</p>
            <label class="field">
                {words.teams}
                <input
                    type="number"
                    min={3}
                    max={500}
                    value={count}
                    onInput={(event) => setTeams(Number(event.currentTarget.value))}
                />
            </label>
            {isPanel ? (
                <>
                    <p class="note">
                        {words.size(found.teams, found.voters, found.neutral)} {found.isOneWay ? words.isOneWay : ""}
                    </p>
                    <dl>
                        {ATTACKS.map((attack) => (
                            <div>
                                <dt>{words.attacks[attack]}</dt>
                                {all.map((tally) => {
                                    const [points, sure] = found.gains[attack][tally];
                                    return (
                                        <dd class={tally === chosen ? "chosen" : ""}>
                                            <span>{names[tally]}</span>
                                            <span class="bar" aria-hidden="true">
                                                <i style={{ width: `${(Math.max(points, 0) / most) * 100}%` }} />
                                            </span>
                                            <b>{words.points(fixed(points, 1), fixed(sure, 1))}</b>
                                        </dd>
                                    );
                                })}
                            </div>
                        ))}
                    </dl>
                    <p class="note">{words.model}</p>
                    {count < 8 + (neutral >= 4 ? 0 : 4) && <p class="warning">{words.small}</p>}
                </>
            ) : (
                <p class="warning">{words.open}</p>
            )}
        </aside>
    );
}
