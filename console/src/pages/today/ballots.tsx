// Votes that run.
import { CompetitionService, CompetitionState } from "../../../gen/rapport/v1/competition_pb.ts";
import { PAGE, Section } from "../../parts/section.tsx";
import { address } from "../../route.ts";
import { client } from "../../session.ts";
import { t } from "../../words.ts";
import { Clock } from "./due.tsx";

export function Ballots() {
    return (
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
    );
}
