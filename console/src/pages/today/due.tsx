// When something is due.
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { now } from "../../clock.ts";
import { lasting, moment } from "../../format.ts";
import { t } from "../../words.ts";

/** Until when something is due, and how long that is. */
export function Clock({ at, isOver }: { at?: Timestamp; isOver?: boolean }) {
    if (!at) return null;
    const left = (timestampMs(at) - now()) / 1000;
    const late = isOver ?? left < 0;
    return (
        <span class={`tag ${late ? "warm" : ""}`} title={moment(at)}>
            {late ? t.value.overdue(lasting(Math.max(0, -left))) : t.value.dueIn(lasting(Math.max(0, left)))}
        </span>
    );
}
