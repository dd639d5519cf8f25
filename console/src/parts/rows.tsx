// A list of rows: of thousands only those that can be seen are in the page.
import type { ComponentChildren } from "preact";
import { later } from "../load.tsx";

/** From so many on; shorter lists are printed whole and found by the browser's search. */
const MANY = 200;

export interface RowsOf<T> {
    of: T[];
    name: (item: T, place: number) => string;
    row: (item: T) => ComponentChildren;
}

const LongRows = later<RowsOf<any>>(async () => (await import("./long_rows.tsx")).LongRows);

export function Rows<T>(props: RowsOf<T>) {
    if (props.of.length > MANY) return <LongRows {...props} />;
    return (
        <ul class="rows">
            {props.of.map((item, place) => (
                <li key={props.name(item, place)}>{props.row(item)}</li>
            ))}
        </ul>
    );
}
