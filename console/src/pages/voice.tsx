// What customers raise again and again, by the department that has to mend it, and whether departments do what they said.
import { useState } from "preact/hooks";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Reach } from "../../gen/rapport/v1/access_pb.ts";
import { Attribution } from "../../gen/rapport/v1/rating_pb.ts";
import {
    ConcernState,
    VoiceService,
    type Concern,
    type ConcernSummary,
    type Department,
    type SummarizeVoiceResponse,
    type VoiceLine,
} from "../../gen/rapport/v1/voice_pb.ts";
import { atLocalTime, dayOf, fixed, moment, percent, requestId, whole } from "../format.ts";
import { Refusal, Show, useLoad } from "../load.tsx";
import { people } from "../names.ts";
import { Spark } from "../parts/charts.tsx";
import { Page, Tabs } from "../parts/controls.tsx";
import { Act, Section } from "../parts/section.tsx";
import { go, route, turned } from "../route.ts";
import { client, may, reach } from "../session.ts";
import { t, word } from "../words.ts";

const WEEKS = ["4", "13", "26", "52"] as const;
const WEEK = 7 * 86_400_000;
const LISTS = ["lines", "concerns", "kept"] as const;
type List = (typeof LISTS)[number];
const asks = {
    lines: VoiceService.method.summarizeVoice,
    concerns: VoiceService.method.listConcerns,
    kept: VoiceService.method.summarizeConcerns,
};
const WAITING = [ConcernState.RAISED, ConcernState.ACKNOWLEDGED];

const named = (departments: Department[], id: string) =>
    id === "" ? t.value.voices.nobody : departments.find((one) => one.departmentId === id)?.displayName || id;
const cause = (one: Attribution) => word(t.value.voices.causes, Attribution[one] ?? "");

export function Voice() {
    const { query } = route.value;
    const mine = LISTS.filter((one) => may(asks[one]));
    const chosen: List = mine.find((one) => one === query.get("list")) ?? mine[0] ?? "lines";
    const weeks = WEEKS.find((one) => one === query.get("weeks")) ?? "4";
    const departments = useLoad("departments", async (signal) => {
        if (!may(VoiceService.method.listDepartments)) return [];
        const answer = await client(VoiceService).listDepartments({ pageSize: 500 }, { signal });
        return answer.departments;
    });
    const words = t.value.voices;
    return (
        <Page
            title={t.value.pages.voice}
            lead={words.lead}
            tools={
                <>
                    <Tabs
                        label={t.value.pages.voice}
                        name="list"
                        chosen={chosen}
                        of={mine.map((one) => [one, words.lists[one]] as const)}
                    />
                    {chosen !== "concerns" && (
                        <label class="choice">
                            {t.value.period}
                            <select value={weeks} onChange={(event) => go(turned({ weeks: event.currentTarget.value }))}>
                                {WEEKS.map((one) => (
                                    <option value={one}>{words.weeks(one)}</option>
                                ))}
                            </select>
                        </label>
                    )}
                </>
            }
        >
            <Show of={departments}>
                {(known) => (
                    <>
                        {chosen === "lines" && <Lines key={weeks} weeks={Number(weeks)} departments={known} />}
                        {chosen === "concerns" && <Concerns departments={known} />}
                        {chosen === "kept" && <Kept key={weeks} weeks={Number(weeks)} departments={known} />}
                    </>
                )}
            </Show>
        </Page>
    );
}

function since(weeks: number) {
    const now = Date.now();
    return { fromTime: timestampFromDate(new Date(now - weeks * WEEK)), toTime: timestampFromDate(new Date(now)) };
}

function Lines({ weeks, departments }: { weeks: number; departments: Department[] }) {
    const summary = useLoad(`${weeks}`, (signal) => client(VoiceService).summarizeVoice(since(weeks), { signal }));
    return (
        <Show of={summary} empty={(one) => one.lines.length === 0} nothing={t.value.voices.nothing}>
            {(one) => <Summary of={one} departments={departments} onRaised={summary.reload} />}
        </Show>
    );
}

function Summary(props: { of: SummarizeVoiceResponse; departments: Department[]; onRaised: () => void }) {
    const { of: summary, departments } = props;
    const words = t.value.voices;
    const ids = [...new Set(summary.lines.map((line) => line.departmentId))];
    // Nobody's come last: they are not of somebody who could mend them.
    ids.sort((one, other) => Number(one === "") - Number(other === ""));
    const most = Math.max(...summary.lines.flatMap((line) => line.trend.map(Number)), 1);
    return (
        <>
            {ids.map((id) => (
                <section class="card">
                    <h2>
                        {named(departments, id)}{" "}
                        <small class="count">
                            {whole(
                                summary.lines
                                    .filter((line) => line.departmentId === id)
                                    .reduce((sum, line) => sum + line.count, 0n),
                            )}
                        </small>
                    </h2>
                    <ul class="rows">
                        {summary.lines
                            .filter((line) => line.departmentId === id)
                            .map((line) => (
                                <li>
                                    <Line of={line} summary={summary} most={most} onRaised={props.onRaised} />
                                </li>
                            ))}
                    </ul>
                </section>
            ))}
            <p class="note">{words.changeNote}</p>
        </>
    );
}

function Line(props: { of: VoiceLine; summary: SummarizeVoiceResponse; most: number; onRaised: () => void }) {
    const { of: line, summary, most } = props;
    const [open, setOpen] = useState(false);
    const words = t.value.voices;
    const isWorse = line.changeLow !== undefined && line.changeLow > 1;
    const isBetter = line.changeHigh !== undefined && line.changeHigh < 1;
    const causes = line.causes.map((one) => `${cause(one.cause)} ${whole(one.count)}`);
    if (line.complaintCount > 0n) causes.push(`${words.complaints} ${whole(line.complaintCount)}`);
    return (
        <div class="grow">
            <div class="voiced">
                <span class="grow">
                    <b dir="auto">{line.topic || t.value.noTopic}</b>{" "}
                    {line.concernIds.length > 0 && <span class="tag accent">{words.isConcern}</span>}
                    <small class="under">{causes.join(" · ")}</small>
                </span>
                <Spark points={line.trend.map(Number)} most={most} label={words.trend(line.trend.map(String).join(", "))} />
                <span class="figure">
                    <b>{whole(line.count)}</b>
                    <small>{line.ratingMean === undefined ? "" : words.mean(fixed(line.ratingMean, 1))}</small>
                </span>
                <span class={`change ${isWorse ? "warm" : isBetter ? "accent" : ""}`}>
                    {line.count === 0n ? (
                        words.gone
                    ) : line.change === undefined ? (
                        words.isNew
                    ) : (
                        <>
                            <b>{words.times(fixed(line.change, 1))}</b>
                            <small>
                                {line.changeLow !== undefined &&
                                    (line.changeHigh === undefined
                                        ? words.atLeast(fixed(line.changeLow, 1))
                                        : `${fixed(line.changeLow, 1)}–${fixed(line.changeHigh, 1)}`)}
                            </small>
                        </>
                    )}
                </span>
                <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
                    {words.more}
                </button>
            </div>
            {open && (
                <div class="why">
                    {may(VoiceService.method.listVoiceExamples) && (
                        <Section
                            title={words.examples}
                            note={words.examplesNote}
                            nothing={words.noExamples}
                            ask={async (pageToken, signal) => {
                                const { fromTime, toTime } = summary;
                                const { departmentId, topic } = line;
                                const answer = await client(VoiceService).listVoiceExamples(
                                    { fromTime, toTime, departmentId, topic, pageSize: 10, pageToken },
                                    { signal },
                                );
                                return { items: answer.examples, next: answer.nextPageToken };
                            }}
                            row={(one) => (
                                <blockquote class="grow">
                                    <p dir="auto">{one.words}</p>
                                    <small>
                                        {one.cause === Attribution.UNSPECIFIED
                                            ? words.complaints
                                            : `${cause(one.cause)} · ${t.value.level(one.level)}`}
                                        {" · "}
                                        {dayOf(one.eventTime)}
                                    </small>
                                </blockquote>
                            )}
                        />
                    )}
                    {line.topic && line.departmentId && may(VoiceService.method.raiseConcern) && (
                        <Raise of={line} onDone={props.onRaised} />
                    )}
                </div>
            )}
        </div>
    );
}

function Raise({ of: line, onDone }: { of: VoiceLine; onDone: () => void }) {
    const [title, setTitle] = useState("");
    const words = t.value.voices;
    return (
        <form class="inline" onSubmit={(event) => event.preventDefault()}>
            <label class="field">
                {words.raiseTitle}
                <input
                    value={title}
                    minLength={3}
                    maxLength={500}
                    onInput={(event) => setTitle(event.currentTarget.value)}
                />
            </label>
            <Act
                primary
                label={words.raise}
                do={() =>
                    client(VoiceService).raiseConcern({
                        requestId: requestId(),
                        concern: { departmentId: line.departmentId, title, topics: [line.topic] },
                    })
                }
                then={onDone}
            />
        </form>
    );
}

function Concerns({ departments }: { departments: Department[] }) {
    const words = t.value.voices;
    const waiting = route.value.query.get("all") !== "1";
    return (
        <>
            <p>
                <label class="check">
                    <input
                        type="checkbox"
                        checked={!waiting}
                        onChange={(event) => go(turned({ all: event.currentTarget.checked ? "1" : undefined }))}
                    />{" "}
                    {words.settledToo}
                </label>
            </p>
            <Section
                key={`${waiting}`}
                title={words.lists.concerns}
                nothing={words.noConcerns}
                ask={async (pageToken, signal) => {
                    const answer = await client(VoiceService).listConcerns(
                        { states: waiting ? WAITING : [], pageSize: 50, pageToken },
                        { signal },
                    );
                    return { items: answer.concerns, next: answer.nextPageToken };
                }}
                row={(one, reload) => <ConcernRow of={one} departments={departments} onDone={reload} />}
            />
        </>
    );
}

function ConcernRow({ of: one, departments, onDone }: { of: Concern; departments: Department[]; onDone: () => void }) {
    const words = t.value.voices;
    const last = one.fixTimes.at(-1);
    const isOver = one.level > 0 && WAITING.includes(one.state);
    return (
        <div class="grow">
            <p>
                <b dir="auto">{one.title}</b>{" "}
                <span class={`tag ${isOver ? "warm" : one.state === ConcernState.MENDED ? "accent" : ""}`}>
                    {isOver ? words.overdue : word(words.states, ConcernState[one.state] ?? "")}
                </span>
            </p>
            <p class="note">
                {named(departments, one.departmentId)} · <span dir="auto">{one.topics.join(", ")}</span> ·{" "}
                {words.raisedAt(dayOf(one.raiseTime))}
                {one.state === ConcernState.RAISED &&
                    one.acknowledgeDueTime &&
                    ` · ${words.acknowledgeBy(moment(one.acknowledgeDueTime))}`}
                {last && ` · ${words.fixBy(dayOf(last.fixTime))}`}
                {one.settleTime && ` · ${dayOf(one.settleTime)}`}
            </p>
            {one.fixTimes.length > 1 && (
                <p class="note">
                    {words.movedFrom(
                        one.fixTimes
                            .slice(0, -1)
                            .map((each) => dayOf(each.fixTime))
                            .join(", "),
                    )}{" "}
                    <span dir="auto">{last?.reason}</span>
                </p>
            )}
            {one.declineReason && (
                <p class="note" dir="auto">
                    {one.declineReason}
                </p>
            )}
            {one.mendedNotice && (
                <blockquote>
                    <p dir="auto">{one.mendedNotice}</p>
                </blockquote>
            )}
            <Steps of={one} isOurs={answersFor(departments, one.departmentId)} onDone={onDone} />
        </div>
    );
}

/** Whether a department's steps are for who looks: a supervisor answers for departments of their teams, whose people they are shown. */
function answersFor(departments: Department[], id: string): boolean {
    if (reach(VoiceService.method.acknowledgeConcern) !== Reach.TEAM) return true;
    const team = departments.find((one) => one.departmentId === id)?.teamId;
    return !!team && [...people.value.values()].some((one) => one.teamId === team);
}

/** What may be done with a concern as it stands. */
function Steps({ of: one, isOurs, onDone }: { of: Concern; isOurs: boolean; onDone: () => void }) {
    const [date, setDate] = useState("");
    const [text, setText] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const words = t.value.voices;
    const { concernId } = one;
    const service = client(VoiceService);
    const fixTime = date ? timestampFromDate(atLocalTime(date)) : undefined;
    const act = (work: () => Promise<unknown>) => {
        setFailed(undefined);
        work().then(onDone, setFailed);
    };
    const isOpen = WAITING.includes(one.state);
    const isTold = one.mendedNotice !== "";
    const mayTell = one.state === ConcernState.MENDED && !isTold && may(VoiceService.method.tellConcern);
    const mayDecide = isOpen && isOurs && may(VoiceService.method.acknowledgeConcern);
    if (!mayTell && !mayDecide) return null;
    return (
        <form class="inline" onSubmit={(event) => event.preventDefault()}>
            {mayDecide && (
                <label class="field short">
                    {words.fixDate}
                    <input
                        type="datetime-local"
                        value={date}
                        onInput={(event) => setDate(event.currentTarget.value)}
                    />
                </label>
            )}
            <label class="field">
                {mayTell ? words.noticeWords : words.stepReason}
                <input value={text} maxLength={1000} onInput={(event) => setText(event.currentTarget.value)} />
            </label>
            {one.state === ConcernState.RAISED && mayDecide && (
                <button
                    type="button"
                    class="primary"
                    disabled={!fixTime}
                    onClick={() =>
                        act(() => service.acknowledgeConcern({ requestId: requestId(), concernId, fixTime: fixTime! }))
                    }
                >
                    {words.acknowledge}
                </button>
            )}
            {one.state === ConcernState.ACKNOWLEDGED && mayDecide && (
                <>
                    <button
                        type="button"
                        class="primary"
                        onClick={() => act(() => service.mendConcern({ requestId: requestId(), concernId }))}
                    >
                        {words.mend}
                    </button>
                    <button
                        type="button"
                        disabled={!fixTime || text.trim().length < 3}
                        onClick={() =>
                            act(() =>
                                service.moveFixTime({
                                    requestId: requestId(),
                                    concernId,
                                    fixTime: fixTime!,
                                    reason: text,
                                }),
                            )
                        }
                    >
                        {words.move}
                    </button>
                </>
            )}
            {mayDecide && (
                <button
                    type="button"
                    disabled={text.trim().length < 3}
                    onClick={() => act(() => service.declineConcern({ requestId: requestId(), concernId, reason: text }))}
                >
                    {words.decline}
                </button>
            )}
            {mayTell && (
                <button
                    type="button"
                    class="primary"
                    disabled={text.trim().length < 3}
                    onClick={() => act(() => service.tellConcern({ requestId: requestId(), concernId, words: text }))}
                >
                    {words.tell}
                </button>
            )}
            {failed !== undefined && <Refusal error={failed} />}
        </form>
    );
}

function Kept({ weeks, departments }: { weeks: number; departments: Department[] }) {
    const kept = useLoad(`${weeks}`, async (signal) => {
        const answer = await client(VoiceService).summarizeConcerns(since(weeks), { signal });
        return answer.summaries;
    });
    const words = t.value.voices;
    const share = (part: bigint, of: bigint) => (of ? percent(Number(part) / Number(of)) : "–");
    const columns: [string, (one: ConcernSummary) => string][] = [
        [words.raised, (one) => whole(one.raisedCount)],
        [words.inTime, (one) => share(one.acknowledgedInTimeCount, one.acknowledgedCount + one.silentCount)],
        [words.silent, (one) => whole(one.silentCount)],
        [words.mendedCount, (one) => whole(one.mendedCount)],
        [words.byFirstDate, (one) => share(one.mendedInTimeCount, one.mendedCount)],
        [words.pastDate, (one) => whole(one.fixOverdueCount)],
        [words.movedDates, (one) => whole(one.movedDateCount)],
        [words.declined, (one) => whole(one.declinedCount)],
    ];
    return (
        <section class="card">
            <h2>{words.lists.kept}</h2>
            <p class="note">{words.keptNote}</p>
            <Show of={kept} empty={(summaries) => summaries.length === 0} nothing={words.noConcerns}>
                {(summaries) => (
                    <div class="scroll" tabIndex={0} role="region" aria-label={words.lists.kept}>
                        <table>
                            <thead>
                                <tr>
                                    <th>{words.department}</th>
                                    {columns.map(([name]) => (
                                        <th class="number">{name}</th>
                                    ))}
                                </tr>
                            </thead>
                            <tbody>
                                {summaries.map((one) => (
                                    <tr>
                                        <th>{named(departments, one.departmentId)}</th>
                                        {columns.map(([, write]) => (
                                            <td class="number">{write(one)}</td>
                                        ))}
                                    </tr>
                                ))}
                            </tbody>
                        </table>
                    </div>
                )}
            </Show>
        </section>
    );
}
