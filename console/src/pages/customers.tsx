// A customer: their contacts as a journey, what to know before meeting them, how they like to be met, and whether they
// may be contacted. Reading any of it is recorded with its purpose.
import { useState } from "preact/hooks";
import { ContactVerdict, ContactService } from "../../gen/rapport/v1/contact_pb.ts";
import {
    Consent,
    ContactKind,
    CustomerStanding,
    DirectoryService,
    type Customer,
} from "../../gen/rapport/v1/directory_pb.ts";
import {
    Channel,
    ContactPurpose,
    InteractionKind,
    InteractionService,
    Outcome,
    ReadingPurpose,
    Resolution,
    type Interaction,
} from "../../gen/rapport/v1/interaction_pb.ts";
import {
    BriefEvidenceKind,
    BriefSection,
    PreferenceDimension,
    PreferenceOrigin,
    PreferenceService,
    type BriefEvidence,
    type DimensionPreference,
} from "../../gen/rapport/v1/preference_pb.ts";
import { moment, percent, requestId, span, whole } from "../format.ts";
import { Refusal, Show, useLoad } from "../load.tsx";
import { personName, teamName } from "../names.ts";
import { More, Page } from "../parts/controls.tsx";
import { Rows } from "../parts/rows.tsx";
import { address, go, route, turned } from "../route.ts";
import { client, may } from "../session.ts";
import { language, t, word } from "../words.ts";

const PAGE = 25;
const PURPOSES = [
    ReadingPurpose.SERVING,
    ReadingPurpose.CALLBACK,
    ReadingPurpose.COMPLAINT,
    ReadingPurpose.FOLLOW_UP,
    ReadingPurpose.QUALITY,
] as const;

export function Customers() {
    const { id, query } = route.value;
    const purpose = PURPOSES.find((one) => String(one) === query.get("purpose")) ?? ReadingPurpose.SERVING;
    return (
        <Page title={t.value.pages.customers} lead={t.value.readingRecorded} tools={<Search purpose={purpose} />}>
            {id ? (
                <Known key={`${id} ${purpose}`} id={id} purpose={purpose} />
            ) : may(DirectoryService.method.listCustomers) ? (
                <List />
            ) : (
                <p class="empty">{t.value.searchFirst}</p>
            )}
        </Page>
    );
}

function Search({ purpose }: { purpose: ReadingPurpose }) {
    const [asked, setAsked] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const find = async () => {
        const text = asked.trim();
        if (!text) return;
        setFailed(undefined);
        // What is written like a number is one, else an id.
        const isNumber = /^\+?[\d\s()-]{5,}$/.test(text);
        const alias = isNumber ? { kind: ContactKind.PHONE, value: text } : undefined;
        try {
            const { customer } = await client(DirectoryService).getCustomer(alias ? { alias } : { customerId: text });
            if (customer) go(address("customers", customer.customerId, { purpose: String(purpose) }));
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <>
            <label class="choice">
                {t.value.purpose}
                <select value={purpose} onChange={(event) => go(turned({ purpose: event.currentTarget.value }))}>
                    {PURPOSES.map((one) => (
                        <option value={one}>{t.value.purposes[ReadingPurpose[one]]}</option>
                    ))}
                </select>
            </label>
            <form class="search" role="search" onSubmit={(event) => (event.preventDefault(), void find())}>
                <input
                    type="search"
                    aria-label={t.value.search}
                    placeholder={t.value.search}
                    maxLength={128}
                    value={asked}
                    onInput={(event) => setAsked(event.currentTarget.value)}
                />
                <button class="primary">{t.value.find}</button>
            </form>
            {failed !== undefined && <Refusal error={failed} />}
        </>
    );
}

/** Customers that are listed at most; beyond them, their id or number is asked for. */
const LISTED = 20_000;

/** For those who may list customers: by name too. */
function List() {
    const [all, setAll] = useState<Customer[]>([]);
    const [name, setName] = useState("");
    const listed = useLoad("customers", async (signal) => {
        const found: Customer[] = [];
        for (let pageToken = "", first = true; (first || pageToken) && found.length < LISTED; first = false) {
            const answer = await client(DirectoryService).listCustomers({ pageSize: 1000, pageToken }, { signal });
            found.push(...answer.customers);
            pageToken = answer.nextPageToken;
            setAll([...found]);
        }
        return found.length;
    });
    const wanted = name.trim().toLowerCase();
    const fits = (one: Customer) =>
        one.salutation.toLowerCase().includes(wanted) || one.customerId.toLowerCase().includes(wanted);
    const shown = wanted ? all.filter(fits) : all;
    return (
        <section class="card">
            <div class="split">
                <label class="field narrow">
                    {t.value.byName}
                    <input value={name} onInput={(event) => setName(event.currentTarget.value)} />
                </label>
                <small role="status">{t.value.customersShown(whole(shown.length), whole(all.length))}</small>
            </div>
            {listed.error !== undefined && <Refusal error={listed.error} again={listed.reload} />}
            <Rows
                of={shown}
                name={(one) => one.customerId}
                row={(one) => (
                    <>
                        <a class="strong grow" href={address("customers", one.customerId)} dir="auto">
                            {one.salutation || one.customerId}
                        </a>
                        <small>{word(t.value.customerStandings, CustomerStanding[one.standing])}</small>
                        <small>{one.customerId}</small>
                    </>
                )}
            />
            {all.length >= LISTED && <p class="note">{t.value.searchFirst}</p>}
        </section>
    );
}

function Known({ id, purpose }: { id: string; purpose: ReadingPurpose }) {
    const found = useLoad(
        id,
        async (signal) => (await client(DirectoryService).getCustomer({ customerId: id }, { signal })).customer,
    );
    const [lit, setLit] = useState("");
    return (
        <Show of={found}>
            {(customer) =>
                customer && (
                    <>
                        <section class="card person">
                            <div>
                                <h2 class="name" dir="auto">
                                    {customer.salutation || customer.customerId}
                                </h2>
                                <p class="note">
                                    {customer.customerId} ·{" "}
                                    {word(t.value.customerStandings, CustomerStanding[customer.standing])}
                                </p>
                            </div>
                            <Points customer={customer} />
                        </section>
                        <div class="pair journey">
                            {may(InteractionService.method.readCustomerTimeline) && (
                                <Timeline id={id} purpose={purpose} lit={lit} />
                            )}
                            <div>
                                {may(PreferenceService.method.briefCustomer) && (
                                    <Brief id={id} purpose={purpose} onLight={setLit} />
                                )}
                                {may(PreferenceService.method.getPreferences) && <Preferences id={id} />}
                            </div>
                        </div>
                    </>
                )
            }
        </Show>
    );
}

/** Where the customer can be reached, what they agreed to, and what the policy says now. */
function Points({ customer }: { customer: Customer }) {
    const checked = useLoad(customer.customerId, async (signal) => {
        if (!may(ContactService.method.checkContact)) return undefined;
        const request = {
            customerId: customer.customerId,
            purpose: ContactPurpose.FOLLOW_UP,
            channel: Channel.OUTBOUND_CALL,
        };
        return client(ContactService).checkContact(request, { signal });
    });
    const answer = checked.value;
    const isAllowed = answer?.verdict === ContactVerdict.ALLOWED;
    return (
        <div class="points">
            {customer.contactPoints.map((point) => (
                <p>
                    <bdi>{point.value}</bdi>{" "}
                    <span class={`tag ${point.consent === Consent.GRANTED ? "accent" : "warm"}`}>
                        {word(t.value.consents, Consent[point.consent])}
                    </span>{" "}
                    <small dir="auto">{point.source}</small>
                </p>
            ))}
            {checked.error !== undefined && <Refusal error={checked.error} />}
            {answer && (
                <p>
                    <span class={`tag ${isAllowed ? "accent" : "warm"}`}>
                        {isAllowed ? t.value.mayCall : t.value.mayNotCall}
                    </span>{" "}
                    <small>{answer.refusals.map((one) => one.rule).join("; ")}</small>
                    {!isAllowed && answer.nextAllowedTime && (
                        <small>. {t.value.from(moment(answer.nextAllowedTime))}</small>
                    )}
                </p>
            )}
        </div>
    );
}

function Timeline({ id, purpose, lit }: { id: string; purpose: ReadingPurpose; lit: string }) {
    const [all, setAll] = useState<Interaction[]>([]);
    const [next, setNext] = useState("");
    const ask = async (pageToken: string, signal?: AbortSignal) => {
        const request = { customerId: id, purpose, pageSize: PAGE, pageToken };
        const answer = await client(InteractionService).readCustomerTimeline(request, { signal });
        setAll((old) => (pageToken ? [...old, ...answer.interactions] : answer.interactions));
        setNext(answer.nextPageToken);
        return answer.interactions.length;
    };
    const first = useLoad(`${id} ${purpose}`, (signal) => ask("", signal));
    const [failed, setFailed] = useState<unknown>();
    return (
        <section class="card">
            <h2>{t.value.journey}</h2>
            <Show of={first} empty={(count) => count === 0} nothing={t.value.noContacts}>
                {() => (
                    <ol class="contacts">
                        {all.map((one) => (
                            <Stop key={one.interactionId} of={one} isLit={one.interactionId === lit} />
                        ))}
                    </ol>
                )}
            </Show>
            {failed !== undefined && <Refusal error={failed} />}
            <More token={next} onMore={() => void ask(next).catch(setFailed)} />
        </section>
    );
}

const BAD = [Outcome.ABANDONED, Outcome.NO_ANSWER, Outcome.FAILED, Outcome.DECLINED];

function Stop({ of: one, isLit }: { of: Interaction; isLit: boolean }) {
    const primary = one.participants[0];
    const isBad =
        BAD.includes(one.outcome) ||
        one.customerResolution === Resolution.UNRESOLVED ||
        one.kind === InteractionKind.COMPLAINT;
    const says = [
        [t.value.staffSay, one.staffResolution],
        [t.value.customerSays, one.customerResolution],
    ] as const;
    return (
        <li class={`${isBad ? "bad" : ""} ${isLit ? "lit" : ""}`} id={`i-${one.interactionId}`}>
            <p class="when">
                <time>{moment(one.occurredTime)}</time>
                <b>{word(t.value.channels, Channel[one.channel].toLowerCase())}</b>
                {one.kind > InteractionKind.SERVICE && (
                    <span class={`tag ${one.kind === InteractionKind.COMPLAINT ? "warm" : ""}`}>
                        {word(t.value.kinds, InteractionKind[one.kind])}
                    </span>
                )}
                <span dir="auto">{one.topic || one.context?.page}</span>
            </p>
            {one.conclusion && (
                <p class="said" dir="auto">
                    {one.conclusion}
                </p>
            )}
            <p class="note">
                {[
                    one.outcome > Outcome.ANSWERED ? word(t.value.outcomes, Outcome[one.outcome]) : "",
                    primary && [personName(primary.staffId), teamName(primary.teamId)].filter(Boolean).join(", "),
                    one.wait && t.value.waited(span(one.wait)),
                    one.handling && t.value.handled(span(one.handling)),
                    one.caseId && t.value.case(one.caseId),
                    ...says.map(([who, what]) => what && `${who}: ${word(t.value.resolutions, Resolution[what])}`),
                ]
                    .filter(Boolean)
                    .join(" · ")}
            </p>
        </li>
    );
}

function Brief({ id, purpose, onLight }: { id: string; purpose: ReadingPurpose; onLight: (id: string) => void }) {
    const told = useLoad(`${id} ${purpose} ${language.value}`, (signal) =>
        client(PreferenceService).briefCustomer({ customerId: id, purpose, language: language.value }, { signal }),
    );
    const source = (one: BriefEvidence) =>
        [word(t.value.evidence, BriefEvidenceKind[one.kind]), moment(one.evidenceTime)].filter(Boolean).join(" ");
    return (
        <section class="card brief">
            <h2>{t.value.brief}</h2>
            <Show of={told} empty={(answer) => answer.lines.length === 0}>
                {(answer) => (
                    <dl>
                        {[...new Set(answer.lines.map((line) => line.section))].map((section) => (
                            <div key={section}>
                                <dt>{word(t.value.sections, BriefSection[section])}</dt>
                                {answer.lines
                                    .filter((line) => line.section === section)
                                    .map((line) => {
                                        const interaction =
                                            line.evidence.find((one) => one.kind === BriefEvidenceKind.INTERACTION)
                                                ?.id ?? "";
                                        return (
                                            <dd
                                                tabIndex={0}
                                                title={line.evidence.map(source).join("\n")}
                                                onMouseEnter={() => onLight(interaction)}
                                                onMouseLeave={() => onLight("")}
                                                onFocus={() => onLight(interaction)}
                                                onBlur={() => onLight("")}
                                            >
                                                {line.text}
                                                <small class="source">
                                                    {[...new Set(line.evidence.slice(0, 3).map(source))].join(", ")}
                                                </small>
                                            </dd>
                                        );
                                    })}
                            </div>
                        ))}
                    </dl>
                )}
            </Show>
        </section>
    );
}

function value(dimension: PreferenceDimension, value: string): string {
    switch (dimension) {
        case PreferenceDimension.CHANNEL:
            return word(t.value.channels, value);
        case PreferenceDimension.KIND:
            return word(t.value.kinds, value.toUpperCase());
        case PreferenceDimension.HOUR:
            return `${value}:00`;
        case PreferenceDimension.WEEKDAY:
            return new Intl.DateTimeFormat(language.value, { weekday: "long", timeZone: "UTC" }).format(
                new Date(Date.UTC(2024, 0, Number(value))),
            );
        case PreferenceDimension.COLLEAGUE:
            return personName(value);
        default:
            return value;
    }
}

function Preferences({ id }: { id: string }) {
    const found = useLoad(id, (signal) => client(PreferenceService).getPreferences({ customerId: id }, { signal }));
    return (
        <section class="card">
            <h2>{t.value.preferences}</h2>
            <p class="note">{t.value.preferencesNote}</p>
            <Show of={found} empty={(answer) => answer.dimensions.length === 0}>
                {(answer) => (
                    <>
                        {shown(answer.dimensions, true).map((one) => (
                            <Dimension key={one.dimension} of={one} id={id} onDone={found.reload} />
                        ))}
                        {shown(answer.dimensions, false).length > 0 && (
                            <details>
                                <summary>{t.value.unknown(shown(answer.dimensions, false).length)}</summary>
                                {shown(answer.dimensions, false).map((one) => (
                                    <Dimension key={one.dimension} of={one} id={id} onDone={found.reload} />
                                ))}
                            </details>
                        )}
                        <p class="aside">{t.value.readFrom(whole(answer.interactionCount))}</p>
                    </>
                )}
            </Show>
            {may(PreferenceService.method.statePreference) && <State id={id} onDone={found.reload} />}
        </section>
    );
}

/** What is known of the customer, or what is not. */
const shown = (all: DimensionPreference[], known: boolean) =>
    all.filter(
        (one) =>
            one.values.length > 0 &&
            known === (one.value !== "" || one.values.some((each) => each.origin >= PreferenceOrigin.STATED)),
    );

function Dimension({ of: one, id, onDone }: { of: DimensionPreference; id: string; onDone: () => void }) {
    const [failed, setFailed] = useState<unknown>();
    const [refuted, setRefuted] = useState("");
    const [note, setNote] = useState("");
    const refute = async () => {
        try {
            await client(PreferenceService).refutePreference({
                requestId: requestId(),
                customerId: id,
                dimension: one.dimension,
                value: refuted,
                note,
            });
            setRefuted("");
            onDone();
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <div class="dimension">
            <h3>
                {word(t.value.dimensions, PreferenceDimension[one.dimension])}
                <small>
                    {[
                        one.value && t.value.sure(percent(one.confidence)),
                        one.borrowedShare > 0.05 && t.value.borrowed(percent(one.borrowedShare)),
                    ]
                        .filter(Boolean)
                        .join(" · ")}
                </small>
            </h3>
            <ul class="bars">
                {one.values.slice(0, 4).map((each) => {
                    const isStated = each.origin === PreferenceOrigin.STATED;
                    const isRefuted = each.origin === PreferenceOrigin.REFUTED;
                    const share = isStated ? 1 : each.weight;
                    return (
                        <li>
                            <span class="label" dir="auto">
                                {value(one.dimension, each.value)}
                            </span>
                            <span class="bar" aria-hidden="true">
                                <i
                                    class={each.value === one.value ? "accent" : "quiet"}
                                    style={{ width: `${share * 100}%` }}
                                />
                            </span>
                            <span class="figure">
                                {isStated ? t.value.stated : isRefuted ? t.value.refuted : percent(each.weight)}
                                {!isStated && !isRefuted && may(PreferenceService.method.refutePreference) && (
                                    <button
                                        type="button"
                                        class="quiet"
                                        aria-label={`${t.value.refute}: ${value(one.dimension, each.value)}`}
                                        title={t.value.refute}
                                        onClick={() => setRefuted(each.value)}
                                    >
                                        ×
                                    </button>
                                )}
                            </span>
                        </li>
                    );
                })}
            </ul>
            {refuted && (
                <form class="inline" onSubmit={(event) => (event.preventDefault(), void refute())}>
                    <label class="field">
                        {t.value.refuteWhy(value(one.dimension, refuted))}
                        <input
                            required
                            maxLength={500}
                            value={note}
                            onInput={(event) => setNote(event.currentTarget.value)}
                        />
                    </label>
                    <button class="primary">{t.value.refute}</button>
                    <button type="button" onClick={() => setRefuted("")}>
                        {t.value.cancel}
                    </button>
                </form>
            )}
            {failed !== undefined && <Refusal error={failed} />}
        </div>
    );
}

const STATED = [
    PreferenceDimension.CHANNEL,
    PreferenceDimension.HOURS,
    PreferenceDimension.LANGUAGE,
    PreferenceDimension.SALUTATION,
    PreferenceDimension.TOPIC,
] as const;

function State({ id, onDone }: { id: string; onDone: () => void }) {
    const [dimension, setDimension] = useState<number>(PreferenceDimension.CHANNEL);
    const [text, setText] = useState("");
    const [source, setSource] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const state = async () => {
        setFailed(undefined);
        try {
            await client(PreferenceService).statePreference({
                requestId: requestId(),
                customerId: id,
                dimension,
                value: text,
                source,
            });
            setText("");
            onDone();
        } catch (cause) {
            setFailed(cause);
        }
    };
    const channels = Object.entries(t.value.channels);
    return (
        <details>
            <summary>{t.value.state}</summary>
            <form class="stack" onSubmit={(event) => (event.preventDefault(), void state())}>
                <label class="field">
                    {t.value.about}
                    <select
                        value={dimension}
                        onChange={(event) => (setDimension(Number(event.currentTarget.value)), setText(""))}
                    >
                        {STATED.map((one) => (
                            <option value={one}>{word(t.value.dimensions, PreferenceDimension[one])}</option>
                        ))}
                    </select>
                </label>
                <label class="field">
                    {t.value.said}
                    {dimension === PreferenceDimension.CHANNEL ? (
                        <select required value={text} onChange={(event) => setText(event.currentTarget.value)}>
                            <option value="" />
                            {channels.map(([key, name]) => (
                                <option value={key}>{name}</option>
                            ))}
                        </select>
                    ) : (
                        <input
                            required
                            maxLength={128}
                            placeholder={dimension === PreferenceDimension.HOURS ? "18:00-21:00" : ""}
                            value={text}
                            onInput={(event) => setText(event.currentTarget.value)}
                        />
                    )}
                </label>
                <label class="field">
                    {t.value.source}
                    <input
                        required
                        maxLength={200}
                        value={source}
                        onInput={(event) => setSource(event.currentTarget.value)}
                    />
                </label>
                <button class="primary">{t.value.state}</button>
            </form>
            {failed !== undefined && <Refusal error={failed} />}
        </details>
    );
}
