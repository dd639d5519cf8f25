// The service competition: its whole life, the ballot of those who vote, and after the close who stands where, and why.
import { useState } from "preact/hooks";
import { timestampDate, timestampNow } from "@bufbuild/protobuf/wkt";
import {
    CompetitionService,
    CompetitionState,
    ResultStatus,
    type Competition,
    type Standing,
} from "../../gen/rapport/v1/competition_pb.ts";
import { now } from "../clock.ts";
import { fixed, moment, requestId, whole } from "../format.ts";
import { Refusal, Show, useLoad } from "../load.tsx";
import { teamName } from "../names.ts";
import { Axis, Whisker } from "../parts/charts.tsx";
import { More, Page } from "../parts/controls.tsx";
import { useWatch } from "../parts/watch.ts";
import { address, route } from "../route.ts";
import { client, may } from "../session.ts";
import { t, word } from "../words.ts";
import { Announce, Reannounce } from "./announce.tsx";
import { Ballot } from "./ballot.tsx";
import { Entries } from "./entry.tsx";
import { History } from "./history.tsx";
import { VoteNetwork } from "./network.tsx";
import { CompetitionRecord } from "./record.tsx";

const methods = CompetitionService.method;
const STEPS = [
    CompetitionState.SUBMITTING,
    CompetitionState.VOTING,
    CompetitionState.CLOSED,
    CompetitionState.FINAL,
] as const;

export function Competitions() {
    const { id } = route.value;
    if (id === "new" && may(methods.createCompetition)) return <Announce />;
    return id ? <One key={id} id={id} /> : <All />;
}

function State({ of }: { of: Competition }) {
    const tone =
        of.state === CompetitionState.VOTING ? "accent" : of.state === CompetitionState.CANCELLED ? "warm" : "";
    return <span class={`tag ${tone}`}>{word(t.value.competitionStates, CompetitionState[of.state])}</span>;
}

function All() {
    const [shown, setShown] = useState(50);
    const listed = useLoad(`competitions ${shown}`, (signal) =>
        client(CompetitionService).listCompetitions({ pageSize: shown }, { signal }),
    );
    const tools = may(methods.createCompetition) && (
        <a class="button primary" href={address("competitions", "new")}>
            {t.value.announce}
        </a>
    );
    return (
        <Page title={t.value.pages.competitions} lead={t.value.competitionsLead} tools={tools}>
            <section class="card">
                <Show of={listed} empty={(answer) => answer.competitions.length === 0} nothing={t.value.noCompetitions}>
                    {(answer) => (
                        <>
                            <ul class="rows">
                                {answer.competitions.map((one) => (
                                    <li key={one.competitionId}>
                                        <span class="grow">
                                            <a
                                                class="strong"
                                                href={address("competitions", one.competitionId)}
                                                dir="auto"
                                            >
                                                {one.title}
                                            </a>{" "}
                                            <small>{t.value.votingUntil(moment(one.votingDeadline))}</small>
                                        </span>
                                        <State of={one} />
                                    </li>
                                ))}
                            </ul>
                            <More token={answer.nextPageToken} onMore={() => setShown(Math.min(500, shown * 3))} />
                        </>
                    )}
                </Show>
            </section>
            {may(methods.listTeamStandings) && <History />}
        </Page>
    );
}

function One({ id }: { id: string }) {
    const service = client(CompetitionService);
    const found = useLoad(
        id,
        async (signal) => (await service.getCompetition({ competitionId: id }, { signal })).competition,
    );
    // A result that is revised is asked for again.
    const [round, setRound] = useState(0);
    useWatch(
        id,
        (cursor, signal) => changes(id, cursor, signal),
        () => (found.reload(), setRound((old) => old + 1)),
    );
    const one = found.value;
    const hasResult = one?.state === CompetitionState.CLOSED || one?.state === CompetitionState.FINAL;
    const votes = one?.state === CompetitionState.VOTING && may(methods.castBallot);
    return (
        <Page
            title={one?.title ?? t.value.pages.competitions}
            lead={<a href={address("competitions")}>{t.value.allCompetitions}</a>}
        >
            <Show of={found}>
                {(one) =>
                    one && (
                        <>
                            <section class="card">
                                <ol class="steps">
                                    {STEPS.map((step) => (
                                        <li
                                            class={
                                                one.state === step
                                                    ? "now"
                                                    : one.state > step && one.state !== CompetitionState.CANCELLED
                                                      ? "past"
                                                      : ""
                                            }
                                            aria-current={one.state === step ? "step" : undefined}
                                        >
                                            <b>{word(t.value.competitionStates, CompetitionState[step])}</b>
                                            <small>{stepTime(one, step)}</small>
                                        </li>
                                    ))}
                                </ol>
                                {one.state === CompetitionState.CANCELLED && <State of={one} />}
                                {one.state === CompetitionState.VOTING && <p class="note">{t.value.whileOpen}</p>}
                                <Actions of={one} onDone={found.reload} />
                            </section>
                            {votes && <Ballot id={id} />}
                            {hasResult && <Leaderboard id={id} round={round} />}
                            {hasResult && may(methods.exportRecord) && <CompetitionRecord id={id} />}
                            {hasResult && may(methods.listFlags) && <VoteNetwork id={id} />}
                            {!votes && !hasResult && <Entries of={one} isTaking={isTaking(one)} />}
                        </>
                    )
                }
            </Show>
        </Page>
    );
}

async function* changes(competitionId: string, resumeCursor: string, signal: AbortSignal) {
    const watch = client(CompetitionService).watchLeaderboard({ competitionId, resumeCursor }, { signal });
    // The first one says how it is, which is shown already.
    let isShown = resumeCursor === "";
    for await (const told of watch) {
        yield { resumeCursor: told.resumeCursor, isNews: told.change !== undefined && !isShown };
        isShown = false;
    }
}

/** Whether teams may still hand in. */
function isTaking(one: Competition): boolean {
    const until = one.submissionDeadline ? timestampDate(one.submissionDeadline).getTime() : 0;
    return one.state === CompetitionState.SUBMITTING && now() < until;
}

function stepTime(one: Competition, step: CompetitionState): string {
    switch (step) {
        case CompetitionState.SUBMITTING:
            return t.value.until(moment(one.submissionDeadline));
        case CompetitionState.VOTING:
            return t.value.until(moment(one.closedTime ?? one.votingDeadline));
        case CompetitionState.CLOSED:
            return one.disputeDeadline ? t.value.until(moment(one.disputeDeadline)) : "";
        default:
            return "";
    }
}

/** What the role may do with it now; what it may not is not there. */
function Actions({ of, onDone }: { of: Competition; onDone: () => void }) {
    const [failed, setFailed] = useState<unknown>();
    const [told, setTold] = useState<string[]>([]);
    const [reasonFor, setReasonFor] = useState<"cancel" | "accept">();
    const [reason, setReason] = useState("");
    const [publicDraw, setPublicDraw] = useState("");
    const [isChanging, setChanging] = useState(false);
    const service = client(CompetitionService);
    const { competitionId, state } = of;
    const act = async (action: () => Promise<string[]>) => {
        setFailed(undefined);
        try {
            setTold(await action());
            setReasonFor(undefined);
            onDone();
        } catch (cause) {
            setFailed(cause);
        }
    };
    const open = () =>
        act(async () => {
            const answer = await service.openVoting({ requestId: requestId(), competitionId, publicDraw });
            return [
                t.value.opened(whole(answer.voters), whole(answer.judgeTeams)),
                ...answer.warnings.map((one) => one.text),
            ];
        });
    const close = () => act(async () => (await service.closeVoting({ requestId: requestId(), competitionId }), []));
    const explained = () =>
        act(async () => {
            if (reasonFor === "cancel")
                await service.cancelCompetition({ requestId: requestId(), competitionId, reason });
            else await service.acceptResult({ requestId: requestId(), competitionId, reason });
            return [];
        });
    /** Teams count on the deadline: it is announced anew, which all who watch are told, and not passed over. */
    const endSubmissions = () =>
        act(async () => {
            const competition = { ...of, submissionDeadline: timestampNow() };
            await service.updateCompetition({ requestId: requestId(), competitionId, etag: of.etag, competition });
            return [t.value.submissionsEnded];
        });
    const isOpen = state === CompetitionState.SUBMITTING || state === CompetitionState.VOTING;
    const isSubmitting = state === CompetitionState.SUBMITTING;
    const source = of.rules?.publicDrawSource;
    return (
        <div class="actions">
            {isSubmitting && may(methods.openVoting) && source && (
                <label class="field">
                    {t.value.publicDraw(source)}
                    <input
                        maxLength={200}
                        value={publicDraw}
                        onInput={(event) => setPublicDraw(event.currentTarget.value)}
                    />
                </label>
            )}
            {isSubmitting && may(methods.openVoting) && (
                <button type="button" class="primary" onClick={open}>
                    {t.value.openVoting}
                </button>
            )}
            {isSubmitting && isTaking(of) && may(methods.updateCompetition) && (
                <button type="button" onClick={endSubmissions}>
                    {t.value.endSubmissions}
                </button>
            )}
            {isSubmitting && may(methods.updateCompetition) && (
                <button type="button" aria-expanded={isChanging} onClick={() => setChanging(!isChanging)}>
                    {t.value.reannounce}
                </button>
            )}
            {state === CompetitionState.VOTING && may(methods.closeVoting) && (
                <button type="button" class="primary" onClick={close}>
                    {t.value.closeVoting}
                </button>
            )}
            {state === CompetitionState.CLOSED && may(methods.acceptResult) && (
                <button type="button" onClick={() => setReasonFor("accept")}>
                    {t.value.acceptResult}
                </button>
            )}
            {isOpen && may(methods.cancelCompetition) && (
                <button type="button" onClick={() => setReasonFor("cancel")}>
                    {t.value.cancelCompetition}
                </button>
            )}
            {reasonFor && (
                <form class="inline" onSubmit={(event) => (event.preventDefault(), void explained())}>
                    <label class="field">
                        {t.value.reason}
                        <input
                            required
                            maxLength={1000}
                            value={reason}
                            onInput={(event) => setReason(event.currentTarget.value)}
                        />
                    </label>
                    <button class="primary">
                        {reasonFor === "cancel" ? t.value.cancelCompetition : t.value.acceptResult}
                    </button>
                    <button type="button" onClick={() => setReasonFor(undefined)}>
                        {t.value.cancel}
                    </button>
                </form>
            )}
            {told.map((text) => (
                <p class="note" role="status">
                    {text}
                </p>
            ))}
            {failed !== undefined && <Refusal error={failed} />}
            {isChanging && isSubmitting && (
                <Reannounce key={of.etag} of={of} onDone={() => (setChanging(false), onDone())} />
            )}
        </div>
    );
}

const PAGE = 50;

function Leaderboard({ id, round }: { id: string; round: number }) {
    const [shown, setShown] = useState(PAGE);
    const found = useLoad(`board ${id} ${shown} ${round}`, (signal) =>
        client(CompetitionService).getLeaderboard({ competitionId: id, pageSize: shown }, { signal }),
    );
    return (
        <section class="card">
            <header class="split">
                <h2>{t.value.leaderboard}</h2>
                {found.value && (
                    <span class={`tag ${found.value.resultStatus === ResultStatus.PROVISIONAL ? "warm" : "accent"}`}>
                        {word(t.value.resultStatuses, ResultStatus[found.value.resultStatus])}
                    </span>
                )}
            </header>
            <p class="note">{t.value.leaderboardNote}</p>
            <Show of={found} empty={(answer) => answer.standings.length === 0}>
                {(answer) => (
                    <>
                        <Board standings={answer.standings} />
                        <More token={answer.nextPageToken} onMore={() => setShown(Math.min(200, shown * 2))} />
                    </>
                )}
            </Show>
        </section>
    );
}

function Board({ standings }: { standings: Standing[] }) {
    const [open, setOpen] = useState("");
    const ends = standings.flatMap((one) => [one.low, one.high, one.score]).filter((one) => one !== undefined);
    const [least, most] = [Math.min(...ends), Math.max(...ends)];
    const pad = (most - least || 1) * 0.05;
    const scale: [number, number] = [least - pad, most + pad];
    return (
        <div class="ranks">
            <div class="rank head" aria-hidden="true">
                <span />
                <Axis scale={scale} ticks={[least, most]} write={(tick) => fixed(tick, 1)} />
                <span />
            </div>
            <ul>
                {standings.map((one) => {
                    const isOpen = open === one.entryId;
                    return (
                        <li key={one.entryId}>
                            <div class="rank">
                                <span class="who">
                                    <b class="place">{one.place || "–"}</b>
                                    <span dir="auto">{one.title}</span>
                                    <small>
                                        <a href={address("competitions", "", { team: one.teamId })}>
                                            {teamName(one.teamId)}
                                        </a>
                                    </small>
                                    {one.prize && <span class="tag accent">{one.prize}</span>}
                                </span>
                                {one.score === undefined ? (
                                    <span class="empty">{t.value.notScored}</span>
                                ) : (
                                    <Whisker
                                        of={{ value: one.score, low: one.low, high: one.high }}
                                        scale={scale}
                                        tone={one.place === 1 ? "accent" : "ink"}
                                        label={t.value.scored(
                                            fixed(one.score),
                                            fixed(one.low ?? one.score),
                                            fixed(one.high ?? one.score),
                                        )}
                                    />
                                )}
                                <span class="do">
                                    <small>
                                        {one.bestPlace && one.worstPlace
                                            ? t.value.places(one.bestPlace, one.worstPlace)
                                            : ""}
                                    </small>
                                    {may(methods.explainStanding) && (
                                        <button
                                            type="button"
                                            aria-expanded={isOpen}
                                            onClick={() => setOpen(isOpen ? "" : one.entryId)}
                                        >
                                            {t.value.why}
                                            <span class="hidden"> {one.title}</span>
                                        </button>
                                    )}
                                </span>
                            </div>
                            {isOpen && <WhyThere id={one.entryId} />}
                        </li>
                    );
                })}
            </ul>
        </div>
    );
}

/** What each judge team said, least favourable first: nobody learns which team it was. */
function WhyThere({ id }: { id: string }) {
    const told = useLoad(id, (signal) => client(CompetitionService).explainStanding({ entryId: id }, { signal }));
    return (
        <div class="why">
            <Show of={told}>
                {(answer) => (
                    <>
                        <p>{answer.text}</p>
                        {answer.voices.length > 0 && (
                            <>
                                <p class="note">{t.value.voicesNote}</p>
                                <ul class="voices">
                                    {answer.voices.map((voice) => (
                                        <li>
                                            <Whisker
                                                of={{ value: voice.advantage }}
                                                scale={[-1, 1]}
                                                mark={0}
                                                tone={
                                                    voice.counted === 0
                                                        ? "quiet"
                                                        : voice.advantage < 0
                                                          ? "warm"
                                                          : "accent"
                                                }
                                                label={t.value.voice(fixed(voice.advantage), fixed(voice.weight))}
                                            />
                                            <small>
                                                {voice.counted === 0
                                                    ? t.value.leftOut
                                                    : t.value.weighs(fixed(voice.weight))}
                                            </small>
                                        </li>
                                    ))}
                                </ul>
                            </>
                        )}
                    </>
                )}
            </Show>
        </div>
    );
}
