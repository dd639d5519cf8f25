// What grants buy: customers who were given something against customers like them.
import { DiscretionService, type GrantEffect } from "../../../gen/rapport/v1/discretion_pb.ts";
import { fixed, percent, signed, today, whole } from "../../format.ts";
import { Show, useLoad } from "../../load.tsx";
import { client } from "../../session.ts";
import { t } from "../../words.ts";

/** The last twelve months. */
function months() {
    const toMonth = today().slice(0, 7);
    const [year = 0, month = 1] = toMonth.split("-").map(Number);
    const first = new Date(Date.UTC(year, month - 12, 1));
    return { fromMonth: first.toISOString().slice(0, 7), toMonth };
}

export function Effect() {
    const words = t.value.giving;
    const loaded = useLoad("effect", (signal) => client(DiscretionService).estimateGrantEffect(months(), { signal }));
    const level = { write: (value: number) => fixed(value), difference: (value: number) => signed(value) };
    const share = {
        write: (value: number) => percent(value),
        difference: (value: number) => `${signed(value * 100, 0)} %`,
    };
    return (
        <section class="card">
            <h2>{words.lists.effect}</h2>
            <p class="note">{words.effectNote}</p>
            <Show of={loaded}>
                {(found) => {
                    const figures: [string, GrantEffect | undefined, typeof level][] = [
                        [words.satisfaction, found.satisfaction, level],
                        [words.returned, found.returnRate, share],
                        [words.complained, found.complaintRate, share],
                    ];
                    return (
                        <>
                            <p>
                                {words.compared(
                                    whole(found.matchedCount),
                                    whole(found.controlCount),
                                    whole(found.unmatchedCount),
                                    whole(found.pendingCount),
                                )}
                            </p>
                            <div class="scroll" tabIndex={0} role="region" aria-label={words.lists.effect}>
                                <table>
                                    <thead>
                                        <tr>
                                            <th>{words.after}</th>
                                            <th class="number">{words.withGift}</th>
                                            <th class="number">{words.without}</th>
                                            <th class="number">{words.difference}</th>
                                        </tr>
                                    </thead>
                                    <tbody>
                                        {figures.map(([name, one, { write, difference }]) => (
                                            <tr>
                                                <th>{name}</th>
                                                {one?.difference === undefined ? (
                                                    <td colSpan={3}>{words.tooFew}</td>
                                                ) : (
                                                    <>
                                                        <td class="number">{write(one.givenMean ?? 0)}</td>
                                                        <td class="number">{write(one.controlMean ?? 0)}</td>
                                                        <td class="number">
                                                            {difference(one.difference)}{" "}
                                                            <small>
                                                                [{difference(one.differenceLow ?? 0)},{" "}
                                                                {difference(one.differenceHigh ?? 0)}]
                                                            </small>
                                                        </td>
                                                    </>
                                                )}
                                            </tr>
                                        ))}
                                    </tbody>
                                </table>
                            </div>
                        </>
                    );
                }}
            </Show>
        </section>
    );
}
