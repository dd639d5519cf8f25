// Budgets of this month and what is left of them.
import { useState } from "preact/hooks";
import { Reach } from "../../../gen/rapport/v1/access_pb.ts";
import { BudgetScope, DiscretionService, type BudgetStanding } from "../../../gen/rapport/v1/discretion_pb.ts";
import { requestId } from "../../format.ts";
import { Refusal, Show, useLoad } from "../../load.tsx";
import { personName, teamIds, teamName } from "../../names.ts";
import { go, route, turned } from "../../route.ts";
import { client, may, reach } from "../../session.ts";
import { t } from "../../words.ts";
import { read, written } from "./amount.ts";

export function Budgets() {
    const words = t.value.giving;
    const teamId = route.value.query.get("team") ?? "";
    const list = DiscretionService.method.listBudgets;
    const loaded = useLoad(teamId, async (signal) => {
        const found: BudgetStanding[] = [];
        for (let pageToken = "", first = true; first || pageToken; first = false) {
            const answer = await client(DiscretionService).listBudgets({ teamId, pageSize: 500, pageToken }, { signal });
            found.push(...answer.budgets);
            pageToken = answer.nextPageToken;
        }
        return found;
    });
    const withTeams = reach(list) !== Reach.OWN;
    return (
        <>
            <section class="card">
                <header class="split">
                    <h2>{words.lists.budgets}</h2>
                    {withTeams && (
                        <label class="choice">
                            {t.value.team}
                            <select
                                value={teamId}
                                onChange={(event) => go(turned({ team: event.currentTarget.value || undefined }))}
                            >
                                <option value="">{words.teamsOnly}</option>
                                {(loaded.value ?? [])
                                    .map((one) => one.teamId)
                                    .concat(teamId)
                                    .filter((one, at, all) => one && all.indexOf(one) === at)
                                    .map((one) => (
                                        <option value={one}>{teamName(one)}</option>
                                    ))}
                            </select>
                        </label>
                    )}
                </header>
                <p class="note">{words.budgetsNote}</p>
                <Show of={loaded} empty={(found) => found.length === 0} nothing={words.noBudgets}>
                    {(found) => <Table of={found} />}
                </Show>
            </section>
            {reach(DiscretionService.method.setBudget) === Reach.ALL && <SetBudget onDone={loaded.reload} />}
        </>
    );
}

function Table({ of }: { of: BudgetStanding[] }) {
    const words = t.value.giving;
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label={words.lists.budgets}>
            <table>
                <thead>
                    <tr>
                        <th>{words.whose}</th>
                        <th class="number">{words.total}</th>
                        <th class="number">{words.alone}</th>
                        <th class="number">{words.given}</th>
                        <th class="number">{words.approved}</th>
                        <th class="number">{words.remaining}</th>
                    </tr>
                </thead>
                <tbody>
                    {of.map((one) => (
                        <tr>
                            <th>{one.staffId ? personName(one.staffId) : teamName(one.teamId)}</th>
                            <td class="number" dir="auto">
                                {one.total === undefined ? words.ofTeam : written(one.total, one.unit)}
                            </td>
                            <td class="number">{written(one.grantLimit, one.unit)}</td>
                            <td class="number">{written(one.given, one.unit)}</td>
                            <td class="number">{written(one.approved, one.unit)}</td>
                            <td class="number">{one.left !== undefined && written(one.left, one.unit)}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

/** Of a team, from this month on. */
function SetBudget({ onDone }: { onDone: () => void }) {
    const words = t.value.giving;
    const [teamId, setTeam] = useState(teamIds.value[0] ?? "");
    const [unit, setUnit] = useState("CNY");
    const [total, setTotal] = useState("");
    const [limit, setLimit] = useState("");
    const [reason, setReason] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const [all, one] = [read(total, unit), read(limit, unit)];
    const isWhole = Boolean(all !== undefined && one !== undefined && unit && reason.trim().length >= 3);
    const set = () => {
        setFailed(undefined);
        const budget = { scope: BudgetScope.TEAM, teamId, unit, total: all ?? 0n, grantLimit: one ?? 0n };
        client(DiscretionService).setBudget({ requestId: requestId(), budget, reason }).then(onDone, setFailed);
    };
    if (!may(DiscretionService.method.setBudget)) return null;
    const field = (label: string, value: string, change: (text: string) => void, most = 15) => (
        <label class="field">
            {label}
            <input maxLength={most} dir="auto" value={value} onInput={(event) => change(event.currentTarget.value)} />
        </label>
    );
    return (
        <section class="card">
            <h2>{words.set}</h2>
            <form
                class="inline"
                onSubmit={(event) => {
                    event.preventDefault();
                    if (isWhole) set();
                }}
            >
                <label class="field">
                    {t.value.team}
                    <select value={teamId} onChange={(event) => setTeam(event.currentTarget.value)}>
                        {teamIds.value.map((id) => (
                            <option value={id}>{teamName(id)}</option>
                        ))}
                    </select>
                </label>
                {field(words.unit, unit, setUnit, 60)}
                {field(words.total, total, setTotal)}
                {field(words.alone, limit, setLimit)}
                {field(words.setReason, reason, setReason, 1000)}
                <button type="submit" class="primary" disabled={!isWhole}>
                    {words.setNow}
                </button>
                {failed !== undefined && <Refusal error={failed} />}
            </form>
        </section>
    );
}
