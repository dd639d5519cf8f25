// Ratings that somebody contests.
import { ContestGrounds, ContestService, ContestState } from "../../../gen/rapport/v1/contest_pb.ts";
import { personName } from "../../names.ts";
import { PAGE, Section } from "../../parts/section.tsx";
import { client } from "../../session.ts";
import { t, word } from "../../words.ts";
import { Clock } from "./due.tsx";

export function Contests() {
    return (
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
    );
}
