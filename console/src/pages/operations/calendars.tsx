// When the organisation works: calendars by version, holidays from a file after a look at them, and which team works by which.
import { useState } from "preact/hooks";
import { CalendarService, type Calendar, type PreviewHolidaysResponse } from "../../../gen/rapport/v1/calendar_pb.ts";
import { day, moment, requestId, today, zone } from "../../format.ts";
import { Refusal, Show, useLoad } from "../../load.tsx";
import { personName, teamIds, teamName } from "../../names.ts";
import { client } from "../../session.ts";
import { t } from "../../words.ts";

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
const WEEK = Object.fromEntries(DAYS.map((one, place) => [one, place < 5 ? "09:00-18:00" : ""]));

export function Calendars() {
    const all = useLoad("calendars", async (signal) => {
        const answer = await client(CalendarService).listCalendars({ pageSize: 500 }, { signal });
        return answer.calendars;
    });
    const [edited, setEdited] = useState<Calendar>();
    const words = t.value.operations;
    return (
        <>
            <Show of={all}>
                {(calendars) => (
                    <>
                        <section class="card">
                            <h2>{words.views.calendars}</h2>
                            {calendars.length === 0 && <p class="empty">{words.aroundTheClock}</p>}
                            <ul class="rows">
                                {calendars.map((one) => (
                                    <li>
                                        <div class="grow">
                                            <p>
                                                <b dir="auto">{one.displayName || one.calendarId}</b>{" "}
                                                <small>
                                                    <code>{one.calendarId}</code> · {one.timeZone} ·{" "}
                                                    {words.versionBy(
                                                        `${one.version}`,
                                                        personName(one.author),
                                                        moment(one.createTime),
                                                    )}
                                                </small>
                                            </p>
                                            <dl class="week">
                                                {DAYS.map((name, place) => (
                                                    <div>
                                                        <dt>{words.days[place]}</dt>
                                                        <dd>{one[name] || words.closed}</dd>
                                                    </div>
                                                ))}
                                            </dl>
                                            {one.datedHours.length > 0 && (
                                                <details class="small">
                                                    <summary>{words.dated(one.datedHours.length)}</summary>
                                                    <ul class="points">
                                                        {one.datedHours.map((dated) => (
                                                            <li>
                                                                {day(dated.date)} {dated.date.slice(0, 4)}{" "}
                                                                <span dir="auto">{dated.name}</span>{" "}
                                                                <small>{dated.hours || words.closed}</small>
                                                            </li>
                                                        ))}
                                                    </ul>
                                                </details>
                                            )}
                                        </div>
                                        <button type="button" onClick={() => setEdited(one)}>
                                            {words.edit}
                                        </button>
                                    </li>
                                ))}
                            </ul>
                        </section>
                        {calendars.length > 0 && <Assign calendars={calendars} />}
                    </>
                )}
            </Show>
            <Edit
                key={edited?.etag ?? ""}
                of={edited}
                onDone={() => {
                    setEdited(undefined);
                    all.reload();
                }}
            />
        </>
    );
}

function Assign({ calendars }: { calendars: Calendar[] }) {
    const [done, setDone] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const words = t.value.operations;
    const assign = async (form: HTMLFormElement) => {
        const given = new FormData(form);
        const [teamId, calendarId] = ["team", "calendar"].map((name) => String(given.get(name) ?? ""));
        setFailed(undefined);
        setDone("");
        try {
            const answer = await client(CalendarService).assignCalendar({ requestId: requestId(), teamId, calendarId });
            const by = answer.calendar?.displayName || answer.calendar?.calendarId || words.aroundTheClock;
            setDone(words.assigned(teamId ? teamName(teamId) : words.everyTeam, by));
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <section class="card">
            <h2>{words.assign}</h2>
            <form
                class="inline"
                onSubmit={(event) => {
                    event.preventDefault();
                    void assign(event.currentTarget);
                }}
            >
                <label class="field">
                    {words.team}
                    <select name="team">
                        <option value="">{words.everyTeam}</option>
                        {teamIds.value.map((id) => (
                            <option value={id}>{teamName(id)}</option>
                        ))}
                    </select>
                </label>
                <label class="field">
                    {words.worksBy}
                    <select name="calendar">
                        {calendars.map((one) => (
                            <option value={one.calendarId}>{one.displayName || one.calendarId}</option>
                        ))}
                        <option value="">{words.noCalendar}</option>
                    </select>
                </label>
                <button class="primary">{words.assign}</button>
                {done && (
                    <p class="note" role="status">
                        {done}
                    </p>
                )}
                {failed !== undefined && <Refusal error={failed} />}
            </form>
        </section>
    );
}

/** Dated hours as a person types them, a line each: date, hours or nothing, a blank, a name. */
const written = (of?: Calendar) =>
    (of?.datedHours ?? []).map((one) => [one.date, one.hours || "-", one.name].join(" ").trim()).join("\n");
const read = (text: string) =>
    text
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean)
        .map((line) => {
            const [date = "", hours = "-", ...name] = line.split(/\s+/);
            return { date, hours: hours === "-" ? "" : hours, name: name.join(" ") };
        });

function Edit({ of, onDone }: { of?: Calendar; onDone: () => void }) {
    const [dated, setDated] = useState(written(of));
    const [failed, setFailed] = useState<unknown>();
    const words = t.value.operations;
    const put = async (form: HTMLFormElement) => {
        const given = new FormData(form);
        const text = (name: string) => String(given.get(name) ?? "").trim();
        const hours = Object.fromEntries(DAYS.map((name) => [name, text(name)]));
        setFailed(undefined);
        try {
            await client(CalendarService).putCalendar({
                requestId: requestId(),
                etag: of?.etag ?? "",
                calendar: {
                    calendarId: of?.calendarId ?? text("id"),
                    displayName: text("name"),
                    timeZone: text("zone"),
                    datedHours: read(dated),
                    ...hours,
                },
            });
            onDone();
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <section class="card">
            <h2>{of ? words.nextVersion(of.displayName || of.calendarId) : words.newCalendar}</h2>
            <p class="note">{words.hoursNote}</p>
            <form
                class="stack wide"
                onSubmit={(event) => {
                    event.preventDefault();
                    void put(event.currentTarget);
                }}
            >
                {!of && (
                    <label class="field">
                        {words.calendarId}
                        <input name="id" required maxLength={128} />
                    </label>
                )}
                <label class="field">
                    {words.displayName}
                    <input name="name" maxLength={256} defaultValue={of?.displayName} />
                </label>
                <label class="field">
                    {words.timeZone}
                    <input name="zone" required maxLength={64} defaultValue={of?.timeZone ?? zone.value} />
                </label>
                {DAYS.map((name, place) => (
                    <label class="field">
                        {words.days[place]}
                        <input name={name} maxLength={400} defaultValue={of ? of[name] : WEEK[name]} />
                    </label>
                ))}
                <label class="field">
                    {words.datedHours}
                    <textarea
                        class="code"
                        rows={6}
                        value={dated}
                        placeholder={"2026-10-01 - 国庆节\n2026-10-10 09:00-12:00"}
                        onInput={(event) => setDated(event.currentTarget.value)}
                    />
                </label>
                <Holidays onTake={(lines) => setDated([dated.trim(), ...lines].filter(Boolean).join("\n"))} />
                <div class="actions">
                    <button class="primary">{words.put}</button>
                    {of && (
                        <button type="button" onClick={onDone}>
                            {t.value.cancel}
                        </button>
                    )}
                </div>
                {failed !== undefined && <Refusal error={failed} />}
            </form>
        </section>
    );
}

/** Holidays of an iCalendar file: looked at first, then taken. */
function Holidays({ onTake }: { onTake: (lines: string[]) => void }) {
    const [preview, setPreview] = useState<PreviewHolidaysResponse>();
    const [failed, setFailed] = useState<unknown>();
    const words = t.value.operations;
    const year = Number(today().slice(0, 4));
    const look = async (file: File | undefined) => {
        setFailed(undefined);
        setPreview(undefined);
        if (!file) return;
        try {
            const [fromDate, toDate] = [`${year}-01-01`, `${year + 1}-12-31`];
            setPreview(await client(CalendarService).previewHolidays({ ics: await file.text(), fromDate, toDate }));
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <fieldset class="cap">
            <legend>{words.holidays}</legend>
            <input
                type="file"
                accept=".ics,text/calendar"
                aria-label={words.holidays}
                onChange={(event) => void look(event.currentTarget.files?.[0])}
            />
            {failed !== undefined && <Refusal error={failed} />}
            {preview && (
                <>
                    <ul class="points">
                        {preview.holidays.map((one) => (
                            <li>
                                {one.date} <span dir="auto">{one.name}</span>
                            </li>
                        ))}
                        {preview.leftOut.map((one) => (
                            <li class="faint">
                                <span dir="auto">{one.name}</span>: {one.reason}
                            </li>
                        ))}
                    </ul>
                    <button
                        type="button"
                        disabled={preview.holidays.length === 0}
                        onClick={() => {
                            onTake(preview.holidays.map((one) => `${one.date} - ${one.name}`));
                            setPreview(undefined);
                        }}
                    >
                        {words.takeHolidays(preview.holidays.length)}
                    </button>
                </>
            )}
        </fieldset>
    );
}
