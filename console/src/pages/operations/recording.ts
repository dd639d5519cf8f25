// What was read of a file goes into the methods that record anything else, and of each row it is said what became of it.
import { clone } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { DirectoryService, UpsertMode, UpsertOutcome } from "../../../gen/rapport/v1/directory_pb.ts";
import type { ItemError } from "../../../gen/rapport/v1/error_reason_pb.ts";
import type { ImportRow, ReadFileResponse } from "../../../gen/rapport/v1/import_pb.ts";
import { InteractionService, Recording } from "../../../gen/rapport/v1/interaction_pb.ts";
import { RatingService, SubmitRatingRequestSchema } from "../../../gen/rapport/v1/rating_pb.ts";
import { SurveyService } from "../../../gen/rapport/v1/survey_pb.ts";
import { requestId } from "../../format.ts";
import { client } from "../../session.ts";

export interface Rejected {
    line: bigint;
    reasons: string[];
    cells: string[];
}

export interface Progress {
    done: number;
    all: number;
    recorded: number;
    present: number;
    skipped: number;
    rejected: Rejected[];
}

const told = (error: ItemError) =>
    error.violations.length ? error.violations.map((one) => `${one.field}: ${one.description}`) : [error.message];

/** Sends what one answer holds, and says of each row what became of it. */
export async function record(read: ReadFileResponse, into: Progress) {
    const directory = client(DirectoryService);
    const fresh = { mode: UpsertMode.CREATE_ONLY };
    if (read.teams.length) await directory.batchUpsertTeams({ requestId: requestId(), teams: read.teams, ...fresh });
    if (read.staffMembers.length)
        await directory.batchUpsertStaffMembers({ requestId: requestId(), staffMembers: read.staffMembers, ...fresh });
    if (read.customers.length)
        await directory.batchUpsertCustomers({ requestId: requestId(), customers: read.customers, ...fresh });
    const reject = (row: ImportRow, reasons: string[]) =>
        into.rejected.push({ line: row.line, reasons, cells: row.cells });
    const count = (isNew: boolean) => (isNew ? into.recorded++ : into.present++);
    for (const row of read.rows) if (row.reasons.length) reject(row, row.reasons);
    into.skipped += read.rows.filter(
        (row) => !row.reasons.length && !row.interaction && !row.team && !row.staffMember && !row.customer,
    ).length;

    const contacts = read.rows.filter((row) => row.interaction);
    if (contacts.length) {
        const { results } = await client(InteractionService).batchRecordInteractions({
            requests: contacts.map((row) => row.interaction!),
        });
        const rated: ImportRow[] = [];
        contacts.forEach((row, place) => {
            const { result } = results[place]!;
            if (result.case === "error") reject(row, told(result.value));
            else if (result.case === "recorded" && row.rating) {
                const rating = clone(SubmitRatingRequestSchema, row.rating);
                if (rating.rating) rating.rating.interactionId = result.value.interactionId;
                rated.push({ ...row, rating });
            } else if (result.case === "recorded") count(result.value.recording === Recording.RECORDED);
        });
        if (rated.length) {
            const answer = await client(RatingService).batchSubmitRatings({ requests: rated.map((row) => row.rating!) });
            rated.forEach((row, place) => {
                const { result } = answer.results[place]!;
                if (result.case === "error") reject(row, told(result.value));
                else if (result.case === "submitted") count(result.value.recording === Recording.RECORDED);
            });
        }
    }
    await directoryRows(read, reject, count);
}

/** Teams before those who are in them. */
async function directoryRows(
    read: ReadFileResponse,
    reject: (row: ImportRow, reasons: string[]) => void,
    count: (isNew: boolean) => void,
) {
    const directory = client(DirectoryService);
    const { mode } = read;
    const kinds = [
        {
            rows: read.rows.filter((row) => row.team),
            send: (rows: ImportRow[]) =>
                directory.batchUpsertTeams({ requestId: requestId(), mode, teams: rows.map((row) => row.team!) }),
        },
        {
            rows: read.rows.filter((row) => row.staffMember),
            send: (rows: ImportRow[]) =>
                directory.batchUpsertStaffMembers({
                    requestId: requestId(),
                    mode,
                    staffMembers: rows.map((row) => row.staffMember!),
                }),
        },
        {
            rows: read.rows.filter((row) => row.customer),
            send: (rows: ImportRow[]) =>
                directory.batchUpsertCustomers({
                    requestId: requestId(),
                    mode,
                    customers: rows.map((row) => row.customer!),
                }),
        },
    ];
    const outcome = new Map<ImportRow, { isNew: boolean; reasons: string[] }>();
    for (const { rows, send } of kinds) {
        if (!rows.length) continue;
        const { results } = await send(rows);
        rows.forEach((row, place) => {
            const before = outcome.get(row) ?? { isNew: false, reasons: [] };
            const { result } = results[place]!;
            if (result.case === "error") before.reasons.push(...told(result.value));
            else if (result.case === "upserted") before.isNew ||= result.value.outcome !== UpsertOutcome.LEFT;
            outcome.set(row, before);
        });
    }
    for (const [row, { isNew, reasons }] of outcome) {
        if (reasons.length) reject(row, reasons);
        else count(isNew);
    }
}

/** The survey of a file of ratings is published where it is not there. */
export async function ensureTemplate(read: ReadFileResponse) {
    const { template } = read;
    if (!template) return;
    const surveys = client(SurveyService);
    try {
        await surveys.getTemplate({ templateId: template.templateId });
    } catch (cause) {
        if (ConnectError.from(cause).code !== Code.NotFound) throw cause;
        const { template: draft } = await surveys.createTemplate({ requestId: requestId(), template });
        const { templateId, version = 1 } = draft ?? template;
        await surveys.publishTemplate({ requestId: requestId(), templateId, version });
    }
}

/** As the program writes it: mended, it is imported by the same mapping. */
export function rejects(header: string[], rows: Rejected[]): string {
    const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const lines = rows.map((row) => [`${row.line}`, row.reasons.join("; ").replace(/\s+/g, " "), ...row.cells]);
    return [["line", "reasons", ...header], ...lines].map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}
