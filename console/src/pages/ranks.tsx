// Teams or colleagues by what they make of the same work: bands before places, and why somebody stands where they
// stand.
import { useState } from "preact/hooks";
import {
    RankBand,
    RatingService,
    ScorecardUnit,
    type ExplainRankResponse,
    type Rank,
} from "../../gen/rapport/v1/rating_pb.ts";
import { fixed, signed, whole } from "../format.ts";
import { Show, useLoad } from "../load.tsx";
import { personName, teamName } from "../names.ts";
import { Axis, Waterfall, Whisker, type Fall } from "../parts/charts.tsx";
import { More, Page, PeriodChoice, Tabs, days, period, type Period } from "../parts/controls.tsx";
import { address, route } from "../route.ts";
import { client } from "../session.ts";
import { t, word } from "../words.ts";

type Unit = "team" | "staff";
const BANDS = [RankBand.ABOVE, RankBand.AS_EXPECTED, RankBand.BELOW, RankBand.UNSPECIFIED] as const;
const TONES = {
    [RankBand.ABOVE]: "accent",
    [RankBand.AS_EXPECTED]: "ink",
    [RankBand.BELOW]: "warm",
    [RankBand.UNSPECIFIED]: "quiet",
};
const PAGE = 100;

export function Ranks() {
    const { query } = route.value;
    const unit: Unit = query.get("unit") === "staff" ? "staff" : "team";
    const chosen = period(query.get("period"));
    const { first, last } = days(chosen);
    const [shown, setShown] = useState(PAGE);
    const ratings = client(RatingService);
    const ranks = useLoad(`${unit} ${chosen} ${shown}`, async (signal) => {
        const terms = { firstDay: first, lastDay: last };
        const request = { terms, pageSize: shown };
        return unit === "team" ? ratings.rankTeams(request, { signal }) : ratings.rankStaff(request, { signal });
    });
    return (
        <Page title={t.value.ranks} lead={t.value.ranksLead} tools={<PeriodChoice chosen={chosen} />}>
            <section class="card">
                <header class="split">
                    <p class="note">{t.value.ranksNote}</p>
                    <Tabs
                        label={t.value.compare}
                        name="unit"
                        chosen={unit}
                        of={[
                            ["team", t.value.units.team],
                            ["staff", t.value.units.staff],
                        ]}
                    />
                </header>
                <Show of={ranks} empty={(answer) => answer.ranks.length === 0} nothing={t.value.noRatings}>
                    {(answer) => (
                        <>
                            <Field ranks={answer.ranks} unit={unit} chosen={chosen} />
                            {answer.withoutStaffId && (
                                <p class="aside">{t.value.without(personName(answer.withoutStaffId))}</p>
                            )}
                            <More token={answer.nextPageToken} onMore={() => setShown(shown + PAGE)} />
                        </>
                    )}
                </Show>
            </section>
        </Page>
    );
}

const difference = (rank: Rank, of = rank.shrunk) =>
    of === undefined || rank.expected === undefined ? undefined : of - rank.expected;

function Field({ ranks, unit, chosen }: { ranks: Rank[]; unit: Unit; chosen: Period }) {
    const [open, setOpen] = useState("");
    const ends = ranks
        .flatMap((rank) => [difference(rank, rank.low), difference(rank, rank.high)])
        .filter((one) => one !== undefined);
    const most = Math.max(0.3, Math.ceil(Math.max(0, ...ends.map(Math.abs)) * 10) / 10);
    const scale: [number, number] = [-most, most];
    const name = unit === "team" ? teamName : personName;
    return (
        <div class="ranks">
            <div class="rank head" aria-hidden="true">
                <span />
                <Axis
                    scale={scale}
                    ticks={[-most, 0, most]}
                    write={(tick) => (tick === 0 ? t.value.asExpected : signed(tick, 1))}
                />
                <span />
            </div>
            {BANDS.map((band) => {
                const those = ranks.filter((rank) => rank.band === band);
                if (those.length === 0) return null;
                return (
                    <section key={band}>
                        <h2 class={`band ${TONES[band]}`}>
                            {word(t.value.bands, RankBand[band])} <small>{whole(those.length)}</small>
                        </h2>
                        <ul>
                            {those.map((rank) => {
                                const off = difference(rank);
                                const [low, high] = [difference(rank, rank.low), difference(rank, rank.high)];
                                const isOpen = open === rank.key;
                                return (
                                    <li key={rank.key}>
                                        <div class="rank">
                                            <span class="who">
                                                <b class="place">{rank.place || ""}</b>
                                                <a
                                                    href={address("scorecards", "", {
                                                        [unit]: rank.key,
                                                        period: chosen,
                                                    })}
                                                >
                                                    {name(rank.key)}
                                                </a>
                                                <small>{t.value.ofRatings(whole(rank.n))}</small>
                                            </span>
                                            {off === undefined ? (
                                                <span class="empty">{t.value.tooFew}</span>
                                            ) : (
                                                <Whisker
                                                    of={{ value: off, low, high }}
                                                    scale={scale}
                                                    mark={0}
                                                    tone={TONES[band]}
                                                    label={t.value.offBy(
                                                        signed(off),
                                                        signed(low ?? off),
                                                        signed(high ?? off),
                                                    )}
                                                />
                                            )}
                                            <span class="do">
                                                <b class="figure">{off === undefined ? "" : signed(off)}</b>
                                                {off !== undefined && (
                                                    <button
                                                        type="button"
                                                        aria-expanded={isOpen}
                                                        onClick={() => setOpen(isOpen ? "" : rank.key)}
                                                    >
                                                        {t.value.why}
                                                        <span class="hidden"> {name(rank.key)}</span>
                                                    </button>
                                                )}
                                            </span>
                                        </div>
                                        {isOpen && <Why unit={unit} rank={rank} chosen={chosen} />}
                                    </li>
                                );
                            })}
                        </ul>
                    </section>
                );
            })}
        </div>
    );
}

function Why({ unit, rank, chosen }: { unit: Unit; rank: Rank; chosen: Period }) {
    const { first, last } = days(chosen);
    const told = useLoad(`${unit} ${rank.key} ${chosen}`, (signal) =>
        client(RatingService).explainRank(
            {
                terms: { firstDay: first, lastDay: last },
                unit: unit === "team" ? ScorecardUnit.TEAM : ScorecardUnit.STAFF,
                key: rank.key,
            },
            { signal },
        ),
    );
    return (
        <div class="why">
            <Show of={told} empty={(answer) => answer.overall === undefined} nothing={t.value.tooFew}>
                {(answer) => <Explained answer={answer} />}
            </Show>
        </div>
    );
}

function Explained({ answer }: { answer: ExplainRankResponse }) {
    const overall = answer.overall!;
    const kind = (channel: string, topic: string) =>
        [channel && word(t.value.channels, channel), topic].filter(Boolean).join(" · ") || t.value.otherWork;
    const steps: Fall[] = [
        { label: t.value.everybody, from: overall, to: overall, kind: "total", text: fixed(overall) },
    ];
    let level = overall;
    const step = (label: string, by: number, kind: "work" | "own", note?: string) => {
        steps.push({ label, note, from: level, to: level + by, kind, text: signed(by) });
        level += by;
    };
    const parts = [...answer.parts].sort((one, other) => Math.abs(other.own) - Math.abs(one.own));
    step(
        t.value.workMoved,
        parts.reduce((sum, part) => sum + part.work, 0),
        "work",
        t.value.workNote,
    );
    steps.push({ label: t.value.expected, from: level, to: level, kind: "total", text: fixed(level) });
    const small = (part: { own: number }) => Math.abs(part.own) < 0.005;
    for (const part of parts.filter((part) => !small(part))) {
        step(kind(part.channel, part.topic), part.own, "own", t.value.ofRatings(whole(part.n)));
    }
    const rest = parts.filter(small);
    if (rest.length > 0) {
        step(
            t.value.restOf(rest.length),
            rest.reduce((sum, part) => sum + part.own, 0),
            "own",
        );
    }
    steps.push({ label: t.value.believed, from: level, to: level, kind: "total", text: fixed(level) });
    const next = answer.next;
    return (
        <>
            <Waterfall steps={steps} />
            {next && next.ratings > 0n && (
                <p class="note">{t.value.next(whole(next.ratings), fixed(next.mean), word(t.value.bands, RankBand[next.band]))}</p>
            )}
        </>
    );
}
