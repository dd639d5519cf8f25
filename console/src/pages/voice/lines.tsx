// What customers raise, by department and topic, with its trend and its change; in their words; and raising a concern of it.
import { useState } from "preact/hooks";
import { Attribution } from "../../../gen/rapport/v1/rating_pb.ts";
import {
    VoiceService,
    type Department,
    type SummarizeVoiceResponse,
    type VoiceLine,
} from "../../../gen/rapport/v1/voice_pb.ts";
import { dayOf, fixed, requestId, whole } from "../../format.ts";
import { Show, useLoad } from "../../load.tsx";
import { Spark } from "../../parts/charts.tsx";
import { Act, Section } from "../../parts/section.tsx";
import { client, may } from "../../session.ts";
import { t, word } from "../../words.ts";
import { named, since } from "./departments.ts";

const cause = (one: Attribution) => word(t.value.voices.causes, Attribution[one] ?? "");

export function Lines({ weeks, departments }: { weeks: number; departments: Department[] }) {
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
