// The console: signing in, the frame around every page, and which page is shown.
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import type { ComponentType } from "preact";
import type { MethodName } from "../gen/grants.ts";
import { Role } from "../gen/rapport/v1/access_pb.ts";
import { DirectoryService } from "../gen/rapport/v1/directory_pb.ts";
import { zone } from "./format.ts";
import { Refusal, later, useLoad } from "./load.tsx";
import { loadNames, personName } from "./names.ts";
import { Page } from "./parts/controls.tsx";
import { Today } from "./pages/today.tsx";
import { address, route } from "./route.ts";
import { client, leave, may, provider, standing, start } from "./session.ts";
import { Stale } from "./stale.tsx";
import { LANGUAGES, language, t, word, type Language } from "./words.ts";
import "./style.css";

/** A page is for the roles to which the contract grants what it asks first; all but the first are fetched when they are looked at. */
const PAGES: { name: keyof typeof t.value.pages; asks: MethodName; page: ComponentType }[] = [
    { name: "today", asks: "FollowUpService/ListFollowUps", page: Today },
    { name: "customers", asks: "InteractionService/ReadCustomerTimeline", page: later(async () => (await import("./pages/customers.tsx")).Customers) },
    { name: "scorecards", asks: "RatingService/GetScorecard", page: later(async () => (await import("./pages/scorecards.tsx")).Scorecards) },
    { name: "ranks", asks: "RatingService/RankTeams", page: later(async () => (await import("./pages/ranks.tsx")).Ranks) },
    { name: "competitions", asks: "CompetitionService/ListCompetitions", page: later(async () => (await import("./pages/competitions.tsx")).Competitions) },
    { name: "review", asks: "ContestService/ListExemptions", page: later(async () => (await import("./pages/review.tsx")).Review) },
    { name: "journeys", asks: "JourneyService/SummarizeJourney", page: later(async () => (await import("./pages/journeys.tsx")).Journeys) },
    { name: "trials", asks: "TrialService/ListTrials", page: later(async () => (await import("./pages/trials.tsx")).Trials) },
    { name: "giving", asks: "DiscretionService/ListGrants", page: later(async () => (await import("./pages/giving.tsx")).Giving) },
    { name: "voice", asks: "VoiceService/ListConcerns", page: later(async () => (await import("./pages/voice.tsx")).Voice) },
    { name: "operations", asks: "OperationsService/GetServerStatus", page: later(async () => (await import("./pages/operations.tsx")).Operations) },
];

const Sessions = later(async () => (await import("./pages/sessions.tsx")).Sessions);

const THEMES = ["", "light", "dark"] as const;
const theme = signal<(typeof THEMES)[number]>("");
effect(() => {
    document.documentElement.dataset.theme = theme.value;
    document.documentElement.lang = language.value;
});

function SignIn({ why, refused }: { why?: unknown; refused?: string }) {
    const { value: url, loading } = useLoad("provider", provider);
    return (
        <main class="door" id="page" tabIndex={-1} aria-busy={loading}>
            <h1>{t.value.brand}</h1>
            {why !== undefined && <Refusal error={why} />}
            {refused !== undefined && (
                <p class="refusal" role="alert">
                    {t.value.signInRefused[refused] ?? t.value.signInRefused.unverified}
                </p>
            )}
            {url ? (
                <>
                    <h2>{t.value.signInHere}</h2>
                    <p>{t.value.signInHereLead}</p>
                    <a class="button primary" href={url}>
                        {t.value.signInButton}
                    </a>
                </>
            ) : (
                !loading && (
                    <>
                        <h2>{t.value.signInTitle}</h2>
                        <p>{t.value.signInLead}</p>
                        <pre tabIndex={0}>{t.value.signInCommand}</pre>
                        <p class="note">{t.value.signInOnce}</p>
                    </>
                )
            )}
            <p class="note">{t.value.signInNote}</p>
            <Switches />
        </main>
    );
}

function Switches() {
    const names = { "": t.value.asSystem, light: t.value.light, dark: t.value.dark };
    return (
        <div class="switches">
            <select
                aria-label={t.value.language}
                value={language.value}
                onChange={(event) => (language.value = event.currentTarget.value as Language)}
            >
                {Object.entries(LANGUAGES).map(([tag, name]) => (
                    <option value={tag} lang={tag}>
                        {name}
                    </option>
                ))}
            </select>
            <select
                aria-label={t.value.theme}
                value={theme.value}
                onChange={(event) => (theme.value = event.currentTarget.value as typeof theme.value)}
            >
                {THEMES.map((one) => (
                    <option value={one}>{names[one]}</option>
                ))}
            </select>
        </div>
    );
}

function Frame() {
    const now = standing.value;
    const { page: name } = route.value;
    const mine = PAGES.filter((one) => may(one.asks));
    const chosen = name || mine[0]?.name || "sessions";
    useEffect(() => {
        const title = PAGES.find((one) => one.name === chosen);
        document.title = `${title ? t.value.pages[title.name] : t.value.sessions} · ${t.value.brand}`;
    }, [chosen, language.value]);
    // On a phone the row of pages is wider than the screen.
    useEffect(() => {
        const link = document.querySelector(".side nav [aria-current]");
        link?.scrollIntoView({ block: "nearest", inline: "center" });
    }, [chosen]);
    if (now.kind !== "in") return null;
    const found = PAGES.find((one) => one.name === chosen);
    const Chosen = chosen === "sessions" ? Sessions : found && may(found.asks) ? found.page : undefined;
    return (
        <div class="frame">
            <a
                class="skip"
                href="#page"
                onClick={(event) => (event.preventDefault(), document.getElementById("page")?.focus())}
            >
                {t.value.skip}
            </a>
            <header class="side">
                <a class="brand" href={address("")}>
                    {t.value.brand}
                </a>
                <nav aria-label={t.value.navigation}>
                    {mine.map((one) => (
                        <a href={address(one.name)} aria-current={one.name === chosen ? "page" : undefined}>
                            {t.value.pages[one.name]}
                        </a>
                    ))}
                </nav>
                <div class="self">
                    <a href={address("sessions")} aria-current={chosen === "sessions" ? "page" : undefined}>
                        {personName(now.session.subject)}
                        <small>{word(t.value.roles, Role[now.session.role] ?? "")}</small>
                    </a>
                    <Switches />
                </div>
            </header>
            <main id="page" tabIndex={-1}>
                <Stale />
                {Chosen ? (
                    <Chosen key={chosen} />
                ) : (
                    <Page title={t.value.brand}>
                        <p class="empty">{found ? t.value.notYours : t.value.noPage}</p>
                    </Page>
                )}
            </main>
        </div>
    );
}

function Console() {
    const now = standing.value;
    if (now.kind === "starting")
        return (
            <main class="door">
                <h1>{t.value.brand}</h1>
                <p class="waiting" role="status">
                    {t.value.signingIn}
                </p>
            </main>
        );
    return now.kind === "out" ? <SignIn why={now.why} refused={now.refused} /> : <Frame />;
}

async function begin() {
    await start();
    if (standing.value.kind !== "in") return;
    const organization = async () => {
        const { timeZone } = await client(DirectoryService).getOrganization({});
        zone.value = timeZone || "UTC";
    };
    await Promise.all([organization(), loadNames()]);
}

render(<Console />, document.getElementById("console")!);
begin().catch(leave);
