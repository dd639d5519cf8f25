// The customer's journey by stage: what it is like in each, what hurts most, and what will come back.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
    Anticipated,
    HurtSign,
    JourneyService,
    type Anticipation,
    type AnticipationMark,
    type HurtingStage,
    type Journey,
    type StageFigures,
    type SummarizeJourneyResponse,
} from "../../gen/rapport/v1/journey_pb.ts";
import { now } from "../clock.ts";
import { fixed, lasting, percent, span, whole } from "../format.ts";
import { Show, useLoad } from "../load.tsx";
import { Page, Tabs } from "../parts/controls.tsx";
import { go, route, turned } from "../route.ts";
import { client, may } from "../session.ts";
import { language, t, word } from "../words.ts";

const WEEKS = ["4", "13", "26", "52"] as const;
const LISTS = ["stages", "anticipated"] as const;
const DAY = 86_400_000;

export function Journeys() {
    const { query } = route.value;
    const words = t.value.journeys;
    const mine = LISTS.filter((one) => one === "stages" || may(JourneyService.method.listAnticipations));
    const chosen = mine.find((one) => one === query.get("list")) ?? "stages";
    const weeks = WEEKS.find((one) => one === query.get("weeks")) ?? "13";
    const declared = useLoad("declared", async (signal) => {
        const answer = await client(JourneyService).listJourneys({ pageSize: 1 }, { signal });
        return answer.journeys[0];
    });
    return (
        <Page
            title={t.value.pages.journeys}
            lead={words.lead}
            tools={
                <>
                    <Tabs
                        label={t.value.pages.journeys}
                        name="list"
                        chosen={chosen}
                        of={mine.map((one) => [one, words.lists[one]] as const)}
                    />
                    {chosen === "stages" && (
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
            {declared.value === undefined && !declared.loading && declared.error === undefined ? (
                <section class="card">
                    <p class="empty">{words.undeclared}</p>
                    <pre tabIndex={0}>rapport journey declare --help</pre>
                </section>
            ) : (
                <Show of={declared}>
                    {(journey) =>
                        chosen === "stages" ? (
                            <Stages key={weeks} weeks={Number(weeks)} journey={journey!} />
                        ) : (
                            <Anticipations journey={journey!} />
                        )
                    }
                </Show>
            )}
        </Page>
    );
}

function nameOf(journey: Journey, stageId: string): string {
    if (!stageId) return t.value.journeys.unmapped;
    const names = journey.stages.find((one) => one.stageId === stageId)?.names ?? {};
    return names[language.value] ?? Object.values(names)[0] ?? stageId;
}

function Stages({ weeks, journey }: { weeks: number; journey: Journey }) {
    const words = t.value.journeys;
    const loaded = useLoad(`${weeks}`, (signal) => {
        const fromTime = timestampFromDate(new Date(now() - weeks * 7 * DAY));
        const request = { fromTime, toTime: timestampFromDate(new Date(now())) };
        return client(JourneyService).summarizeJourney(request, { signal });
    });
    return (
        <Show of={loaded} empty={(answer) => answer.stages.every((one) => one.count === 0n)} nothing={words.nothing}>
            {(answer) => (
                <>
                    <Hurting of={answer.hurting} journey={journey} />
                    <Table of={answer} journey={journey} />
                </>
            )}
        </Show>
    );
}

function Hurting({ of, journey }: { of: HurtingStage[]; journey: Journey }) {
    const words = t.value.journeys;
    return (
        <section class="card">
            <h2>{words.hurting}</h2>
            <p class="note">{words.hurtingNote}</p>
            {of.length === 0 && <p class="empty">{words.nothingHurts}</p>}
            <ol class="rows">
                {of.map((stage) => (
                    <li>
                        <div class="grow">
                            <p>
                                <b dir="auto">{nameOf(journey, stage.stageId)}</b> <small>{whole(stage.count)}</small>
                            </p>
                            <p>
                                {stage.evidence
                                    .filter((one) => one.share?.share !== undefined)
                                    .map((one) => (
                                        <>
                                            <span class="tag">
                                                {word(words.signs, HurtSign[one.sign] ?? "")}{" "}
                                                {percent(one.share?.share ?? 0)}{" "}
                                                <small>({whole(one.share?.knownCount ?? 0n)})</small>
                                            </span>{" "}
                                        </>
                                    ))}
                            </p>
                        </div>
                    </li>
                ))}
            </ol>
        </section>
    );
}

function Table({ of: answer, journey }: { of: SummarizeJourneyResponse; journey: Journey }) {
    const words = t.value.journeys;
    const satisfaction = (one?: { mean: number; low: number; high: number }) =>
        one ? (
            <>
                {fixed(one.mean)}{" "}
                <small>
                    [{fixed(one.low)}, {fixed(one.high)}]
                </small>
            </>
        ) : (
            "–"
        );
    const next = (one: StageFigures) =>
        one.transitions
            .slice(0, 2)
            .map((each) => `${nameOf(journey, each.toStageId)} ${whole(each.count)} (${span(each.median)})`)
            .join(" · ");
    return (
        <section class="card">
            <h2>{words.lists.stages}</h2>
            <p class="note">{words.stagesNote(span(answer.window))}</p>
            <div class="scroll" tabIndex={0} role="region" aria-label={words.lists.stages}>
                <table>
                    <thead>
                        <tr>
                            <th>{words.stage}</th>
                            <th class="number">{words.contacts}</th>
                            <th class="number">{words.customers}</th>
                            <th class="number">{words.wait}</th>
                            <th class="number">{words.truth}</th>
                            <th class="number">{words.staff}</th>
                            <th class="number">{words.effort}</th>
                            <th class="number">{words.resolved}</th>
                            <th class="number">{words.ended}</th>
                            <th>{words.next}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {answer.stages.map((one) => {
                            const wait = one.wait?.medianSeconds;
                            const resolved = one.firstContactResolution?.derived?.rate;
                            return (
                                <tr>
                                    <th dir="auto">{nameOf(journey, one.stageId)}</th>
                                    <td class="number">{whole(one.count)}</td>
                                    <td class="number">{whole(one.customerCount)}</td>
                                    <td class="number">{wait === undefined ? "–" : lasting(wait)}</td>
                                    <td class="number">{satisfaction(one.customerTruth)}</td>
                                    <td class="number">{satisfaction(one.staffLedger)}</td>
                                    <td class="number">{one.effort ? fixed(one.effort.mean) : "–"}</td>
                                    <td class="number">{resolved === undefined ? "–" : percent(resolved)}</td>
                                    <td class="number">
                                        {one.dropOff?.share === undefined ? "–" : percent(one.dropOff.share)}
                                    </td>
                                    <td dir="auto">{next(one)}</td>
                                </tr>
                            );
                        })}
                    </tbody>
                </table>
            </div>
        </section>
    );
}

function markOf(journey: Journey, mark?: AnticipationMark): string {
    const words = t.value.journeys;
    switch (mark?.mark.case) {
        case "topic":
            return mark.mark.value;
        case "topicAfterOrder":
            return words.afterOrder(mark.mark.value);
        case "productId":
            return mark.mark.value;
        case "stages": {
            const { fromStageId, toStageId } = mark.mark.value;
            return fromStageId
                ? `${nameOf(journey, fromStageId)} → ${nameOf(journey, toStageId)}`
                : words.begins(nameOf(journey, toStageId));
        }
        default:
            return "";
    }
}

function Anticipations({ journey }: { journey: Journey }) {
    const words = t.value.journeys;
    const loaded = useLoad("anticipations", async (signal) => {
        const answer = await client(JourneyService).listAnticipations({}, { signal });
        return answer.anticipations;
    });
    return (
        <Show of={loaded} empty={(all) => all.length === 0} nothing={words.notLearnt}>
            {(all) => all.map((one) => <Learnt of={one} journey={journey} />)}
        </Show>
    );
}

function Learnt({ of: one, journey }: { of: Anticipation; journey: Journey }) {
    const words = t.value.journeys;
    const title = word(words.anticipated, Anticipated[one.what] ?? "");
    return (
        <section class="card">
            <h2>{title}</h2>
            <p class="note">
                {words.base(percent(one.base?.share ?? 0, 1), span(one.within))}{" "}
                {one.judgement && words.judged(fixed(one.judgement.brier, 3), fixed(one.judgement.baseBrier, 3))}
            </p>
            {one.patterns.length === 0 ? (
                <p class="empty">{words.noPatterns(whole(one.askedCount))}</p>
            ) : (
                <div class="scroll" tabIndex={0} role="region" aria-label={title}>
                    <table>
                        <thead>
                            <tr>
                                <th>{words.after}</th>
                                <th class="number">{words.comes}</th>
                                <th class="number">{words.lift}</th>
                                <th class="number">{words.laterLift}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {one.patterns.map((each) => (
                                <tr>
                                    <th dir="auto">{markOf(journey, each.mark)}</th>
                                    <td class="number">{percent(each.share?.share ?? 0, 1)}</td>
                                    <td class="number">
                                        {each.lift && (
                                            <>
                                                × {fixed(each.lift.ratio, 1)}{" "}
                                                <small>
                                                    [{fixed(each.lift.low, 1)}, {fixed(each.lift.high, 1)}]
                                                </small>
                                            </>
                                        )}
                                    </td>
                                    <td class="number">
                                        {each.laterLift ? `× ${fixed(each.laterLift.ratio, 1)}` : "–"}
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </section>
    );
}
