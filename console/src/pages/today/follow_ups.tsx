// Customers who are owed an answer, live.
import { useState } from "preact/hooks";
import { FollowUpService, FollowUpState } from "../../../gen/rapport/v1/follow_up_pb.ts";
import { requestId } from "../../format.ts";
import { personName, teamName } from "../../names.ts";
import { Act, PAGE, Section } from "../../parts/section.tsx";
import { useWatch } from "../../parts/watch.ts";
import { address } from "../../route.ts";
import { client, may } from "../../session.ts";
import { t } from "../../words.ts";
import { Clock } from "./due.tsx";

const OPEN = [FollowUpState.OPEN, FollowUpState.REOPENED, FollowUpState.CLAIMED, FollowUpState.PENDING];

async function* watched(resumeCursor: string, signal: AbortSignal) {
    for await (const told of client(FollowUpService).watchFollowUps({ resumeCursor }, { signal })) {
        yield { resumeCursor: told.resumeCursor, isNews: told.event !== undefined };
    }
}

export function FollowUps() {
    const [followed, setFollowed] = useState(0);
    const watches = may(FollowUpService.method.watchFollowUps);
    useWatch("followUps", watches ? watched : undefined, () => setFollowed((old) => old + 1));
    return (
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
    );
}
