// What the lists of the voice have in common: departments by name, and the period that is looked at.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Department } from "../../../gen/rapport/v1/voice_pb.ts";
import { now } from "../../clock.ts";
import { t } from "../../words.ts";

const WEEK = 7 * 86_400_000;

export const named = (departments: Department[], id: string) =>
    id === "" ? t.value.voices.nobody : departments.find((one) => one.departmentId === id)?.displayName || id;

/** The last weeks, as requests have it. */
export function since(weeks: number) {
    const end = now();
    return { fromTime: timestampFromDate(new Date(end - weeks * WEEK)), toTime: timestampFromDate(new Date(end)) };
}
