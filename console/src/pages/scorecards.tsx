// What ratings come to, in both ledgers side by side: the organisation, a team, a colleague.
import { Reach } from "../../gen/rapport/v1/access_pb.ts";
import {
    RatingService,
    ScorecardUnit,
    TrendStep,
    type LedgerFigures,
    type Scorecard,
} from "../../gen/rapport/v1/rating_pb.ts";
import { day, fixed, percent, signed, whole } from "../format.ts";
import { Show, useLoad } from "../load.tsx";
import { people, personName, teamName } from "../names.ts";
import { Axis, Bars, Trend, Whisker, type Line } from "../parts/charts.tsx";
import { Page, PeriodChoice, Tabs, days, period } from "../parts/controls.tsx";
import { address, route } from "../route.ts";
import { client, reach } from "../session.ts";
import { t, word } from "../words.ts";

const UNITS = {
    team: ScorecardUnit.TEAM,
    staff: ScorecardUnit.STAFF,
    channel: ScorecardUnit.CHANNEL,
    topic: ScorecardUnit.TOPIC,
} as const;
type Unit = keyof typeof UNITS;
const isUnit = (text: string | null): text is Unit => text !== null && text in UNITS;

const SHARES: [number, number] = [0, 1];

export function Scorecards() {
    const { query } = route.value;
    const [team, staff, chosen] = [query.get("team") ?? "", query.get("staff") ?? "", period(query.get("period"))];
    const asked = query.get("unit");
    // Figures across teams are for those who reach all of them.
    const reachesAll = reach(RatingService.method.getScorecard) === Reach.ALL;
    const units = (Object.keys(UNITS) as Unit[]).filter((one) => reachesAll || one === "team" || one === "staff");
    const unit: Unit = team ? "staff" : isUnit(asked) && units.includes(asked) ? asked : "team";
    const isDrawn = reachesAll || !!team || !!staff;
    const [whose, key] = staff
        ? ([ScorecardUnit.STAFF, staff] as const)
        : team
          ? ([ScorecardUnit.TEAM, team] as const)
          : ([ScorecardUnit.ORGANIZATION, ""] as const);
    const { first, last, before } = days(chosen);
    const ratings = client(RatingService);
    const terms = { unit: whose, key, trend: chosen === "4w" ? TrendStep.DAY : TrendStep.WEEK };
    const main = useLoad(`${whose} ${key} ${chosen}`, async (signal) => {
        if (!isDrawn) return {};
        const [now, then] = await Promise.all([
            ratings.getScorecard({ ...terms, firstDay: first, lastDay: last }, { signal }),
            before
                ? ratings.getScorecard({ ...terms, firstDay: before.first, lastDay: before.last }, { signal })
                : undefined,
        ]);
        return { card: now.groups[0], then: then?.groups[0], without: now.withoutStaffId };
    });
    const groups = useLoad(`${staff ? "" : unit} ${chosen}`, async (signal) => {
        if (staff) return [];
        return (await ratings.getScorecard({ unit: UNITS[unit], firstDay: first, lastDay: last }, { signal })).groups;
    });
    const title = staff ? personName(staff) : team ? teamName(team) : t.value.scorecards;
    const home = people.value.get(staff)?.teamId;
    const lead = (staff || team) && (
        <>
            <a href={address("scorecards", "", { period: chosen })}>
                {reachesAll ? t.value.organization : t.value.scorecards}
            </a>
            {staff && home && (
                <>
                    {" "}
                    / <a href={address("scorecards", "", { team: home, period: chosen })}>{teamName(home)}</a>
                </>
            )}
            {" / "}
            {title}
        </>
    );
    return (
        <Page title={title} lead={lead} tools={<PeriodChoice chosen={chosen} />}>
            {isDrawn && (
                <Show of={main} empty={({ card }) => !card || card.answered === 0n} nothing={t.value.noRatings}>
                    {({ card, then, without }) => (
                        <>
                            <div class="pair">
                                <Ledger
                                    title={t.value.ledgerStaff}
                                    note={t.value.ledgerStaffNote}
                                    of={card!.staff}
                                    then={then?.staff}
                                />
                                <Ledger
                                    title={t.value.ledgerCustomer}
                                    note={t.value.ledgerCustomerNote}
                                    of={card!.customer}
                                    then={then?.customer}
                                />
                            </div>
                            <div class="pair wide">
                                <section class="card">
                                    <h2>{t.value.trend}</h2>
                                    <Course card={card!} then={then} />
                                </section>
                                <section class="card">
                                    <h2>{t.value.left}</h2>
                                    <Left card={card!} />
                                </section>
                            </div>
                            {without && <p class="aside">{t.value.without(personName(without))}</p>}
                        </>
                    )}
                </Show>
            )}
            {!staff && (
                <section class="card">
                    <header class="split">
                        <h2>{team ? t.value.colleagues : t.value.compare}</h2>
                        {!team && (
                            <Tabs
                                label={t.value.compare}
                                name="unit"
                                chosen={unit}
                                of={units.map((one) => [one, t.value.units[one]] as const)}
                            />
                        )}
                    </header>
                    <Show of={groups} empty={(all) => all.length === 0} nothing={t.value.noRatings}>
                        {(all) => (
                            <Groups
                                all={team ? all.filter((one) => people.value.get(one.key)?.teamId === team) : all}
                                unit={unit}
                            />
                        )}
                    </Show>
                </section>
            )}
        </Page>
    );
}

function Ledger(props: { title: string; note: string; of?: LedgerFigures; then?: LedgerFigures }) {
    const { of, then } = props;
    if (!of || of.n === 0n || of.topBox === undefined || of.mean === undefined) {
        return (
            <section class="card">
                <h2>{props.title}</h2>
                <p class="empty">{t.value.noRatings}</p>
            </section>
        );
    }
    // So few ratings before would make any change look large.
    const change = then?.topBox === undefined || then.n < 30n ? undefined : of.topBox - then.topBox;
    const top = { value: of.topBox, low: of.topBoxLow, high: of.topBoxHigh };
    const most = of.distribution.reduce((sum, count) => sum + Number(count), 0) || 1;
    return (
        <section class="card ledger">
            <h2>{props.title}</h2>
            <p class="note">{props.note}</p>
            <div class="headline">
                <span class="big">{percent(of.topBox)}</span>
                <span class="unit">
                    {t.value.satisfied}
                    {change !== undefined && <em>{t.value.change(signed(change * 100, 1))}</em>}
                </span>
            </div>
            <Whisker of={top} scale={SHARES} label={t.value.interval(percent(top.low ?? 0), percent(top.high ?? 1))} />
            <Axis scale={SHARES} ticks={[0, 0.25, 0.5, 0.75, 1]} write={(tick) => percent(tick)} />
            <dl class="facts">
                <div>
                    <dt>{t.value.ratings}</dt>
                    <dd>{whole(of.n)}</dd>
                </div>
                <div>
                    <dt>{t.value.mean}</dt>
                    <dd>
                        {fixed(of.mean)}{" "}
                        <small>
                            {fixed(of.meanLow ?? of.mean)}–{fixed(of.meanHigh ?? of.mean)}
                        </small>
                    </dd>
                </div>
                <div>
                    <dt>{t.value.interval95}</dt>
                    <dd>
                        {percent(top.low ?? 0)}–{percent(top.high ?? 1)}
                    </dd>
                </div>
            </dl>
            <Bars
                rows={[...of.distribution.entries()].reverse().map(([index, count]) => ({
                    key: `${index}`,
                    label: t.value.level(index + 1),
                    share: Number(count) / most,
                    text: whole(count),
                    tone: index >= 3 ? "accent" : "quiet",
                }))}
            />
        </section>
    );
}

function Course({ card, then }: { card: Scorecard; then?: Scorecard }) {
    const steps = card.trend.map((point) => point.day);
    const lines: Line[] = [
        { name: t.value.ledgerCustomerShort, kind: "second", points: card.trend.map((point) => point.customerMean) },
        { name: t.value.ledgerStaffShort, kind: "main", points: card.trend.map((point) => point.staffMean) },
    ];
    // The period before ends where this one began: its last step lies under the last one here.
    const old = then?.trend.slice(-steps.length) ?? [];
    if (old.length > 1) {
        const points = [
            ...Array<undefined>(steps.length - old.length).fill(undefined),
            ...old.map((point) => point.staffMean),
        ];
        lines.unshift({ name: t.value.before, kind: "before", points });
    }
    const values = lines.flatMap((line) => line.points).filter((value) => value !== undefined);
    const low = Math.max(1, Math.floor(Math.min(...values) * 2 - 0.4) / 2);
    const high = Math.min(5, Math.ceil(Math.max(...values) * 2 + 0.4) / 2);
    const ticks = Array.from({ length: Math.round((high - low) * 2) + 1 }, (_, number) => low + number / 2);
    return (
        <>
            <p class="note">{t.value.trendNote}</p>
            <Trend
                lines={lines}
                steps={steps.map(day)}
                scale={[low, high]}
                ticks={ticks}
                write={(value) => fixed(value, 1)}
                label={t.value.trendNote}
            />
        </>
    );
}

/** Why the two ledgers differ. */
function Left({ card }: { card: Scorecard }) {
    const rows = [
        ["counted", card.counted],
        ["late", card.late],
        ["exempt", card.exempt],
        ["incident", card.incident],
        ["nonStaff", card.nonStaff],
    ] as const;
    const rate = card.responseRate;
    return (
        <>
            <p class="note">{t.value.leftNote}</p>
            <Bars
                rows={rows.map(([key, count]) => ({
                    key,
                    label: t.value.standings[key],
                    share: Number(count),
                    text: whole(count),
                    tone: key === "counted" ? "accent" : "quiet",
                }))}
            />
            <dl class="facts">
                <div>
                    <dt>{t.value.invited}</dt>
                    <dd>{card.invited === undefined ? "–" : whole(card.invited)}</dd>
                </div>
                <div>
                    <dt>{t.value.responseRate}</dt>
                    <dd>{rate === undefined ? t.value.noInvitations : percent(rate, 1)}</dd>
                </div>
            </dl>
        </>
    );
}

function label(unit: Unit, key: string): string {
    if (!key) return t.value.none;
    if (unit === "team") return teamName(key);
    if (unit === "staff") return personName(key);
    return unit === "channel" ? word(t.value.channels, key) : key;
}

function Groups({ all, unit }: { all: Scorecard[]; unit: Unit }) {
    const { query } = route.value;
    const shown = all.filter((one) => one.answered > 0n);
    const top = (one: Scorecard) => one.staff?.topBox ?? -1;
    shown.sort((one, other) => top(other) - top(one));
    const link = (key: string) =>
        unit === "team" || unit === "staff"
            ? address("scorecards", "", { [unit]: key, period: query.get("period") ?? undefined })
            : undefined;
    if (shown.length === 0) return <p class="empty">{t.value.noRatings}</p>;
    const ledger = (of: LedgerFigures | undefined, tone: string) =>
        of?.topBox === undefined ? (
            <span class="empty">–</span>
        ) : (
            <div class="drawn">
                <Whisker
                    of={{ value: of.topBox, low: of.topBoxLow, high: of.topBoxHigh }}
                    scale={SHARES}
                    tone={tone}
                    label={t.value.interval(percent(of.topBoxLow ?? 0), percent(of.topBoxHigh ?? 1))}
                />
                <span class="figure">{percent(of.topBox)}</span>
            </div>
        );
    const axis = <Axis scale={SHARES} ticks={[0, 0.5, 1]} write={(tick) => percent(tick)} />;
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label={t.value.compare}>
            <table class="groups">
                <thead>
                    <tr>
                        <th scope="col">{t.value.units[unit]}</th>
                        <th scope="col">
                            {t.value.ledgerStaffShort}
                            {axis}
                        </th>
                        <th scope="col">
                            {t.value.ledgerCustomerShort}
                            {axis}
                        </th>
                        <th scope="col" class="number">
                            {t.value.mean}
                        </th>
                        <th scope="col" class="number">
                            {t.value.ratings}
                        </th>
                        <th scope="col" class="number">
                            {t.value.responseRate}
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {shown.map((one) => (
                        <tr key={one.key}>
                            <th scope="row">
                                {one.key && link(one.key) ? (
                                    <a href={link(one.key)}>{label(unit, one.key)}</a>
                                ) : (
                                    label(unit, one.key)
                                )}
                            </th>
                            <td>{ledger(one.staff, "accent")}</td>
                            <td>{ledger(one.customer, "ink")}</td>
                            <td class="number">{one.staff?.mean === undefined ? "–" : fixed(one.staff.mean)}</td>
                            <td class="number">{whole(one.answered)}</td>
                            <td class="number">{one.responseRate === undefined ? "–" : percent(one.responseRate)}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
