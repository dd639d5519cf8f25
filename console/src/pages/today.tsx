// What waits for the person who looks: as far as their role reaches, and live.
import { useState } from "preact/hooks";
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { CallbackService, CallbackState } from "../../gen/rapport/v1/callback_pb.ts";
import { CompetitionService, CompetitionState } from "../../gen/rapport/v1/competition_pb.ts";
import { ContestGrounds, ContestService, ContestState } from "../../gen/rapport/v1/contest_pb.ts";
import { FollowUpService, FollowUpState } from "../../gen/rapport/v1/follow_up_pb.ts";
import { QualityService } from "../../gen/rapport/v1/quality_pb.ts";
import { now } from "../clock.ts";
import { lasting, moment, requestId } from "../format.ts";
import { personName, teamName } from "../names.ts";
import { Page } from "../parts/controls.tsx";
import { Act, Section } from "../parts/section.tsx";
import { useWatch } from "../parts/watch.ts";
import { address } from "../route.ts";
import { client, may } from "../session.ts";
import { t, word } from "../words.ts";

const OPEN = [FollowUpState.OPEN, FollowUpState.REOPENED, FollowUpState.CLAIMED, FollowUpState.PENDING];
const RINGING = [CallbackState.WAITING, CallbackState.CLAIMED, CallbackState.DIALLING, CallbackState.CONNECTED];
const PAGE = 20;

async function* followUps(resumeCursor: string, signal: AbortSignal) {
    for await (const told of client(FollowUpService).watchFollowUps({ resumeCursor }, { signal })) {
        yield { resumeCursor: told.resumeCursor, isNews: told.event !== undefined };
    }
}

async function* callbacks(resumeCursor: string, signal: AbortSignal) {
    for await (const told of client(CallbackService).watchCallbacks({ resumeCursor }, { signal })) {
        yield { resumeCursor: told.resumeCursor, isNews: told.event !== undefined };
    }
}

/** Until when something is due, and how long that is. */
function Clock({ at, isOver }: { at?: Timestamp; isOver?: boolean }) {
    if (!at) return null;
    const left = (timestampMs(at) - now()) / 1000;
    const late = isOver ?? left < 0;
    return (
        <span class={`tag ${late ? "warm" : ""}`} title={moment(at)}>
            {late ? t.value.overdue(lasting(Math.max(0, -left))) : t.value.dueIn(lasting(Math.max(0, left)))}
        </span>
    );
}

export function Today() {
    // Whatever happened, the lists are asked for again.
    const [followed, setFollowed] = useState(0);
    const [rung, setRung] = useState(0);
    const follows = may(FollowUpService.method.watchFollowUps);
    useWatch("followUps", follows ? followUps : undefined, () => setFollowed((old) => old + 1));
    const rings = may(CallbackService.method.watchCallbacks);
    useWatch("callbacks", rings ? callbacks : undefined, () => setRung((old) => old + 1));
    return (
        <Page title={t.value.pages.today} lead={t.value.todayLead}>
            <div class="pair">
                <div>
                    {may(FollowUpService.method.listFollowUps) && (
                        <Section
                            title={t.value.followUps}
                            note={t.value.followUpsNote}
                            round={followed}
                            ask={async (pageToken, signal) => {
                                const answer = await client(FollowUpService).listFollowUps(
                                    { states: OPEN, pageSize: PAGE, pageToken },
                                    { signal },
                                );
                                return { items: answer.followUps, next: answer.nextPageToken };
                            }}
                            row={(one, reload) => (
                                <>
                                    <span class="grow">
                                        <b dir="auto">{one.topic || t.value.noTopic}</b>{" "}
                                        <small>{teamName(one.teamId)}</small>
                                        <small class="under">
                                            {one.customerId && (
                                                <a href={address("customers", one.customerId)}>{one.customerId}</a>
                                            )}
                                            {one.holderStaffId && ` · ${t.value.heldBy(personName(one.holderStaffId))}`}
                                            {` · ${t.value.pointsOpen(one.openPointCount, one.pointCount)}`}
                                        </small>
                                    </span>
                                    <Clock at={one.dueTime} isOver={one.level > 0} />
                                    {!one.holderStaffId && may(FollowUpService.method.claimFollowUp) && (
                                        <Act
                                            label={t.value.take}
                                            do={() =>
                                                client(FollowUpService).claimFollowUp({
                                                    requestId: requestId(),
                                                    followUpId: one.followUpId,
                                                })
                                            }
                                            then={reload}
                                        />
                                    )}
                                </>
                            )}
                        />
                    )}
                    {may(CallbackService.method.listCallbacks) && (
                        <Section
                            title={t.value.callbacks}
                            round={rung}
                            ask={async (pageToken, signal) => {
                                const answer = await client(CallbackService).listCallbacks(
                                    { states: RINGING, pageSize: PAGE, pageToken },
                                    { signal },
                                );
                                return { items: answer.callbacks, next: answer.nextPageToken };
                            }}
                            row={(one) => (
                                <>
                                    <span class="grow">
                                        <bdi>{one.contactPoint}</bdi> <small dir="auto">{one.topic}</small>
                                        <small class="under">
                                            {word(t.value.callbackStates, CallbackState[one.state])}
                                            {one.claimedByStaffId && ` · ${personName(one.claimedByStaffId)}`}
                                        </small>
                                    </span>
                                    <Clock at={one.quotedTime} isOver={one.breachTime !== undefined} />
                                </>
                            )}
                        />
                    )}
                </div>
                <div>
                    {may(CompetitionService.method.castBallot) && (
                        <Section
                            title={t.value.ballots}
                            ask={async (pageToken, signal) => {
                                const answer = await client(CompetitionService).listCompetitions(
                                    { pageSize: PAGE, pageToken },
                                    { signal },
                                );
                                return {
                                    items: answer.competitions.filter((one) => one.state === CompetitionState.VOTING),
                                    next: "",
                                };
                            }}
                            row={(one) => (
                                <>
                                    <a class="strong grow" href={address("competitions", one.competitionId)} dir="auto">
                                        {one.title}
                                    </a>
                                    <Clock at={one.votingDeadline} />
                                </>
                            )}
                        />
                    )}
                    {may(ContestService.method.listContests) && (
                        <Section
                            title={t.value.openContests}
                            ask={async (pageToken, signal) => {
                                const answer = await client(ContestService).listContests(
                                    { state: ContestState.OPEN, pageSize: PAGE, pageToken },
                                    { signal },
                                );
                                return { items: answer.contests, next: answer.nextPageToken };
                            }}
                            row={(one) => (
                                <>
                                    <span class="grow">
                                        <b>{word(t.value.grounds, ContestGrounds[one.grounds])}</b>{" "}
                                        <small>{one.ratedStaffId && personName(one.ratedStaffId)}</small>
                                        <small class="under" dir="auto">
                                            {one.evidence}
                                        </small>
                                    </span>
                                    <Clock at={one.decideByTime} />
                                </>
                            )}
                        />
                    )}
                    {may(QualityService.method.listPraise) && (
                        <Section
                            title={t.value.praise}
                            nothing={t.value.noPraise}
                            ask={async (pageToken, signal) => {
                                const answer = await client(QualityService).listPraise(
                                    { pageSize: 5, pageToken },
                                    { signal },
                                );
                                return { items: answer.praise, next: answer.nextPageToken };
                            }}
                            row={(one) => (
                                <blockquote>
                                    <p dir="auto">{one.text}</p>
                                    <small>
                                        {personName(one.staffId)} · {moment(one.shareTime)}
                                    </small>
                                </blockquote>
                            )}
                        />
                    )}
                </div>
            </div>
        </Page>
    );
}
