// Plans that are tried beside what is done today: what runs, what it says by now, and whether it alarmed.
import {
    TrialArm,
    TrialConclusion,
    TrialMetric,
    TrialService,
    TrialState,
    TrialStopCause,
    type GetTrialReportResponse,
    type Trial,
    type TrialFinding,
} from "../../gen/rapport/v1/trial_pb.ts";
import { fixed, moment, percent, signed, whole } from "../format.ts";
import { Show, useLoad } from "../load.tsx";
import { Page } from "../parts/controls.tsx";
import { PAGE, Section } from "../parts/section.tsx";
import { address, route } from "../route.ts";
import { client, may } from "../session.ts";
import { t, word } from "../words.ts";

export function Trials() {
    const { id } = route.value;
    const words = t.value.trials;
    return (
        <Page title={t.value.pages.trials} lead={words.lead}>
            {id ? <Report key={id} trialId={id} /> : <List />}
        </Page>
    );
}

function State({ of: one }: { of: Trial }) {
    const words = t.value.trials;
    const isAlarmed = one.alarmTime !== undefined;
    return (
        <span class={`tag ${isAlarmed ? "warm" : one.state === TrialState.RUNNING ? "accent" : ""}`}>
            {isAlarmed ? words.alarmed(moment(one.alarmTime)) : word(words.states, TrialState[one.state] ?? "")}
        </span>
    );
}

function List() {
    const words = t.value.trials;
    return (
        <Section
            title={words.list}
            note={words.command}
            nothing={words.nothing}
            ask={async (pageToken, signal) => {
                const answer = await client(TrialService).listTrials({ pageSize: PAGE, pageToken }, { signal });
                return { items: answer.trials, next: answer.nextPageToken };
            }}
            row={(one) => (
                <div class="grow">
                    <p>
                        <a class="strong" href={address("trials", one.trialId)} dir="auto">
                            {one.displayName}
                        </a>{" "}
                        <State of={one} />
                    </p>
                    <p class="note" dir="auto">
                        {one.planA} / {one.planB}
                    </p>
                </div>
            )}
        />
    );
}

function Report({ trialId }: { trialId: string }) {
    const words = t.value.trials;
    const loaded = useLoad(trialId, async (signal) => {
        const service = client(TrialService);
        if (!may(TrialService.method.getTrialReport)) {
            const { trial } = await service.getTrial({ trialId }, { signal });
            return { trial, report: undefined };
        }
        const report = await service.getTrialReport({ trialId }, { signal });
        return { trial: report.trial, report };
    });
    return (
        <>
            <p class="aside">
                <a href={address("trials")}>{words.back}</a>
            </p>
            <Show of={loaded} empty={({ trial }) => trial === undefined}>
                {({ trial, report }) => (
                    <>
                        <Plans of={trial!} />
                        {report && <Findings of={report} />}
                    </>
                )}
            </Show>
        </>
    );
}

function Plans({ of: one }: { of: Trial }) {
    const words = t.value.trials;
    const facts: [string, string][] = [
        [words.planA, one.planA],
        [words.planB, one.planB],
        [words.hypothesis, one.hypothesis],
        [words.started, moment(one.startTime)],
        [words.ends, moment(one.plannedEndTime)],
        [words.stopped, moment(one.stopTime)],
        [words.cause, one.stopTime ? word(words.causes, TrialStopCause[one.stopCause] ?? "") : ""],
        [words.why, one.stopReason],
    ];
    return (
        <section class="card">
            <h2>
                <span dir="auto">{one.displayName}</span> <State of={one} />
            </h2>
            <dl class="keys">
                {facts
                    .filter(([, text]) => text)
                    .map(([name, text]) => (
                        <div>
                            <dt>{name}</dt>
                            <dd dir="auto">{text}</dd>
                        </div>
                    ))}
            </dl>
        </section>
    );
}

function Findings({ of: report }: { of: GetTrialReportResponse }) {
    const words = t.value.trials;
    const { conclusion } = report;
    return (
        <section class="card">
            <h2>{words.says}</h2>
            {conclusion !== undefined && (
                <p>
                    <b>{word(words.conclusions, TrialConclusion[conclusion] ?? "")}</b>
                </p>
            )}
            <p class="note">{words.counted(moment(report.countTime), whole(report.unitCountA), whole(report.unitCountB))}</p>
            {report.mismatchEvidence !== undefined && report.mismatchEvidence >= report.mismatchLimit && (
                <p class="refusal">{words.mismatch}</p>
            )}
            {report.findings.length === 0 ? (
                <p class="empty">{words.sealed}</p>
            ) : (
                <div class="scroll" tabIndex={0} role="region" aria-label={words.says}>
                    <table>
                        <thead>
                            <tr>
                                <th>{words.outcome}</th>
                                <th class="number">{TrialArm[TrialArm.A]}</th>
                                <th class="number">{TrialArm[TrialArm.B]}</th>
                                <th class="number">{words.difference}</th>
                                <th class="number">{words.evidence}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {report.findings.map((one) => (
                                <Finding of={one} limit={report.alarmLimit} />
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
            <p class="note">{words.evidenceNote(whole(Math.round(report.alarmLimit)))}</p>
        </section>
    );
}

function Finding({ of: one, limit }: { of: TrialFinding; limit: number }) {
    const words = t.value.trials;
    const isLevel = one.metric === TrialMetric.RATING;
    const value = (figure?: number) => (figure === undefined ? "–" : isLevel ? fixed(figure) : percent(figure, 1));
    const change = (figure: number) => (isLevel ? signed(figure) : `${signed(figure * 100, 1)} %`);
    const between = (low: string, high: string) => <small>{` [${low}, ${high}]`}</small>;
    return (
        <tr>
            <th>
                {word(words.metrics, TrialMetric[one.metric] ?? "")}{" "}
                {one.alarmed && <span class="tag warm">{words.alarm}</span>}
            </th>
            <td class="number">
                {value(one.valueA)} <small>({whole(one.valueCountA)})</small>
            </td>
            <td class="number">
                {value(one.valueB)} <small>({whole(one.valueCountB)})</small>
            </td>
            <td class="number">
                {one.difference !== undefined && (
                    <>
                        {change(one.difference)}
                        {one.differenceLow !== undefined &&
                            one.differenceHigh !== undefined &&
                            between(change(one.differenceLow), change(one.differenceHigh))}
                    </>
                )}
                {one.times !== undefined && (
                    <>
                        {words.times(fixed(one.times, 1))}
                        {one.timesLow !== undefined &&
                            between(
                                fixed(one.timesLow, 1),
                                one.timesHigh === undefined ? "∞" : fixed(one.timesHigh, 1),
                            )}
                    </>
                )}
                {one.times === undefined && one.timesLow !== undefined && `≥ ${words.times(fixed(one.timesLow, 1))}`}
            </td>
            <td class="number">
                {one.worseEvidence >= 1_000_000 ? "> 1,000,000" : fixed(one.worseEvidence, 1)}
                <small> / {fixed(limit, 0)}</small>
            </td>
        </tr>
    );
}
