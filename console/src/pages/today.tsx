// What waits for the person who looks: as far as their role reaches, and live. What is most urgent comes with the page, the rest
// after it.
import { later } from "../load.tsx";
import { Page } from "../parts/controls.tsx";
import { may } from "../session.ts";
import { t } from "../words.ts";
import { FollowUps } from "./today/follow_ups.tsx";

const Callbacks = later(async () => (await import("./today/callbacks.tsx")).Callbacks);
const Ballots = later(async () => (await import("./today/ballots.tsx")).Ballots);
const Contests = later(async () => (await import("./today/contests.tsx")).Contests);
const Praise = later(async () => (await import("./today/praise.tsx")).Praise);

export function Today() {
    return (
        <Page title={t.value.pages.today} lead={t.value.todayLead}>
            <div class="pair">
                <div>
                    {may("FollowUpService/ListFollowUps") && <FollowUps />}
                    {may("CallbackService/ListCallbacks") && <Callbacks />}
                </div>
                <div>
                    {may("CompetitionService/CastBallot") && <Ballots />}
                    {may("ContestService/ListContests") && <Contests />}
                    {may("QualityService/ListPraise") && <Praise />}
                </div>
            </div>
        </Page>
    );
}
