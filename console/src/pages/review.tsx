// What reviewers judge: contests, ratings that contradict what was heard, exemptions, and flags of competitions.
import { useState } from "preact/hooks";
import {
    CompetitionService,
    CompetitionState,
    FlagKind,
    FlagStrength,
    FlagVerdict,
    type Flag,
} from "../../gen/rapport/v1/competition_pb.ts";
import {
    ContestGrounds,
    ContestService,
    ContestState,
    ContestVerdict,
    type Contest,
} from "../../gen/rapport/v1/contest_pb.ts";
import { QualityService } from "../../gen/rapport/v1/quality_pb.ts";
import { fixed, moment, requestId } from "../format.ts";
import { Refusal } from "../load.tsx";
import { personName, teamName } from "../names.ts";
import { Page, Tabs } from "../parts/controls.tsx";
import { Section } from "../parts/section.tsx";
import { route } from "../route.ts";
import { client, isSelf, may } from "../session.ts";
import { t, word } from "../words.ts";

const PAGE = 25;
const LISTS = ["contests", "mismatches", "exemptions", "flags"] as const;
type List = (typeof LISTS)[number];
const asks = {
    contests: ContestService.method.listContests,
    mismatches: QualityService.method.listMismatches,
    exemptions: ContestService.method.listExemptions,
    flags: CompetitionService.method.listFlags,
};

export function Review() {
    const mine = LISTS.filter((one) => may(asks[one]));
    const asked = route.value.query.get("list");
    const chosen: List = mine.find((one) => one === asked) ?? "contests";
    return (
        <Page
            title={t.value.pages.review}
            lead={t.value.reviewLead}
            tools={
                <Tabs
                    label={t.value.pages.review}
                    name="list"
                    chosen={chosen}
                    of={mine.map((one) => [one, t.value.reviews[one]] as const)}
                />
            }
        >
            {chosen === "contests" && (
                <Section
                    key="contests"
                    title={t.value.reviews.contests}
                    ask={async (pageToken, signal) => {
                        const answer = await client(ContestService).listContests(
                            { pageSize: PAGE, pageToken },
                            { signal },
                        );
                        return { items: answer.contests, next: answer.nextPageToken };
                    }}
                    row={(one, reload) => <ContestRow of={one} onDone={reload} />}
                />
            )}
            {chosen === "exemptions" && (
                <Section
                    key="exemptions"
                    title={t.value.reviews.exemptions}
                    note={t.value.exemptionsNote}
                    ask={async (pageToken, signal) => {
                        const answer = await client(ContestService).listExemptions(
                            { pageSize: PAGE, pageToken },
                            { signal },
                        );
                        return { items: answer.contests, next: answer.nextPageToken };
                    }}
                    row={(one) => <ContestRow of={one} />}
                />
            )}
            {chosen === "mismatches" && (
                <Section
                    key="mismatches"
                    title={t.value.reviews.mismatches}
                    note={t.value.mismatchesNote}
                    ask={async (pageToken, signal) => {
                        const answer = await client(QualityService).listMismatches(
                            { pageSize: PAGE, pageToken },
                            { signal },
                        );
                        return { items: answer.mismatches, next: answer.nextPageToken };
                    }}
                    row={(one) => (
                        <>
                            <span class="grow">
                                <b>{one.rating && personName(one.rating.ratedStaffId)}</b>{" "}
                                <small dir="auto">
                                    {one.rating?.topic} · {moment(one.rating?.occurredTime)}
                                </small>
                                <small class="under" dir="auto">
                                    {one.rating?.comment}
                                </small>
                            </span>
                            <span class="versus">
                                <span>
                                    <small>{t.value.rated}</small>
                                    <b>{one.rating?.level}</b>
                                </span>
                                <span>
                                    <small>{t.value.assessed}</small>
                                    <b>{one.assessments.map((each) => each.overall).join(", ")}</b>
                                </span>
                            </span>
                        </>
                    )}
                />
            )}
            {chosen === "flags" && (
                <Section
                    key="flags"
                    title={t.value.reviews.flags}
                    note={t.value.flagsNote}
                    ask={async (_, signal) => {
                        const service = client(CompetitionService);
                        const { competitions } = await service.listCompetitions({ pageSize: 20 }, { signal });
                        const closed = competitions.filter(
                            (one) => one.state === CompetitionState.CLOSED || one.state === CompetitionState.FINAL,
                        );
                        const found = await Promise.all(
                            closed.map(async (one) => {
                                const { flags } = await service.listFlags(
                                    { competitionId: one.competitionId, pageSize: 100 },
                                    { signal },
                                );
                                return flags
                                    .filter((flag) => flag.strength === FlagStrength.MORE_THAN_CHANCE)
                                    .map((flag) => ({
                                        flag,
                                        title: one.title,
                                        isOpen: one.state === CompetitionState.CLOSED,
                                    }));
                            }),
                        );
                        return { items: found.flat(), next: "" };
                    }}
                    row={(one, reload) => <FlagRow {...one} onDone={reload} />}
                />
            )}
        </Page>
    );
}

const WAITING = [ContestState.OPEN, ContestState.SECOND_REVIEW, ContestState.PROVISIONALLY_GRANTED];

/** A reason and two verdicts. */
function Decide(props: {
    yes: string;
    no: string;
    do: (isYes: boolean, reason: string) => Promise<unknown>;
    then: () => void;
}) {
    const [reason, setReason] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const decide = (isYes: boolean) => {
        setFailed(undefined);
        props.do(isYes, reason).then(props.then, setFailed);
    };
    const isShort = reason.trim().length < 3;
    return (
        <form class="inline" onSubmit={(event) => event.preventDefault()}>
            <label class="field">
                {t.value.verdictReason}
                <input maxLength={1000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
            </label>
            <button type="button" class="primary" disabled={isShort} onClick={() => decide(true)}>
                {props.yes}
            </button>
            <button type="button" disabled={isShort} onClick={() => decide(false)}>
                {props.no}
            </button>
            {failed !== undefined && <Refusal error={failed} />}
        </form>
    );
}

function ContestRow({ of: one, onDone }: { of: Contest; onDone?: () => void }) {
    const waits = WAITING.includes(one.state);
    // One contest in ten, and every appeal, waits for somebody else after the first verdict.
    const isJudged = one.reviews.some((review) => isSelf(review.reviewer));
    return (
        <div class="grow">
            <p>
                <b>{word(t.value.grounds, ContestGrounds[one.grounds])}</b>{" "}
                <small>
                    {[
                        one.ratedStaffId && personName(one.ratedStaffId),
                        one.ratedTeamId && teamName(one.ratedTeamId),
                        moment(one.contestTime),
                    ]
                        .filter(Boolean)
                        .join(" · ")}
                </small>{" "}
                <span class={`tag ${waits ? "warm" : ""}`}>{word(t.value.contestStates, ContestState[one.state])}</span>
            </p>
            <p dir="auto">{one.evidence}</p>
            {one.reviews.map((review) => (
                <p class="note" dir="auto">
                    {word(t.value.verdicts, ContestVerdict[review.verdict])}
                    {review.reviewer && ` (${personName(review.reviewer)})`}: {review.reason}
                </p>
            ))}
            {onDone && waits && !isJudged && may(ContestService.method.decideContest) && (
                <Decide
                    yes={t.value.grant}
                    no={t.value.refuse}
                    do={(isYes, reason) =>
                        client(ContestService).decideContest({
                            requestId: requestId(),
                            contestId: one.contestId,
                            reason,
                            verdict: isYes ? ContestVerdict.GRANTED : ContestVerdict.REFUSED,
                        })
                    }
                    then={onDone}
                />
            )}
        </div>
    );
}

function FlagRow({ flag, title, isOpen, onDone }: { flag: Flag; title: string; isOpen: boolean; onDone: () => void }) {
    return (
        <div class="grow">
            <p>
                <b>
                    {word(t.value.flagKinds, FlagKind[flag.kind])}: {flag.teamIds.map(teamName).join(" → ")}
                </b>{" "}
                <span class={`tag ${flag.verdict === FlagVerdict.UNSPECIFIED ? "warm" : ""}`}>
                    {word(t.value.flagVerdicts, FlagVerdict[flag.verdict])}
                </span>
            </p>
            <p class="note">
                <span dir="auto">{title}</span> · p = {flag.pValue < 0.001 ? "< 0.001" : fixed(flag.pValue, 3)}
            </p>
            {isOpen && flag.verdict === FlagVerdict.UNSPECIFIED && may(CompetitionService.method.decideFlag) && (
                <Decide
                    yes={t.value.confirm}
                    no={t.value.dismiss}
                    do={(isYes, reason) =>
                        client(CompetitionService).decideFlag({
                            requestId: requestId(),
                            flagId: flag.flagId,
                            reason,
                            verdict: isYes ? FlagVerdict.CONFIRMED : FlagVerdict.DISMISSED,
                        })
                    }
                    then={onDone}
                />
            )}
        </div>
    );
}
