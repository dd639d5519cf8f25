// A list of which only the rows that can be seen are in the page.
import { Virtualizer, observeWindowOffset, observeWindowRect, windowScroll } from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { RowsOf } from "./rows.tsx";

export function LongRows({ of, name, row }: RowsOf<any>) {
    const list = useRef<HTMLUListElement>(null);
    const [, draw] = useReducer((count: number) => count + 1, 0);
    const kept = useRef<Virtualizer<Window, HTMLLIElement>>(undefined);
    const options = {
        count: of.length,
        getScrollElement: (): Window => window,
        estimateSize: () => 56,
        getItemKey: (index: number) => name(of[index]!, index),
        overscan: 8,
        scrollMargin: list.current?.offsetTop ?? 0,
        observeElementRect: observeWindowRect,
        observeElementOffset: observeWindowOffset,
        scrollToFn: windowScroll,
        onChange: () => draw(0),
    };
    const seen = (kept.current ??= new Virtualizer(options));
    seen.setOptions(options);
    useLayoutEffect(() => seen._didMount(), []);
    useLayoutEffect(() => seen._willUpdate());
    return (
        <ul class="rows long" ref={list} style={{ height: `${seen.getTotalSize()}px` }}>
            {seen.getVirtualItems().map((one) => (
                <li
                    key={one.key}
                    data-index={one.index}
                    ref={(node) => seen.measureElement(node)}
                    aria-setsize={of.length}
                    aria-posinset={one.index + 1}
                    style={{ transform: `translateY(${one.start - seen.options.scrollMargin}px)` }}
                >
                    {row(of[one.index]!)}
                </li>
            ))}
        </ul>
    );
}
