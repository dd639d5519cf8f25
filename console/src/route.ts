// Where in the console somebody is: behind `#`, so that any path may lead here.
// Before the address is read.
import "./arrival.ts";
import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

export interface Route {
  page: string;
  id: string;
  query: URLSearchParams;
}

export const route = computed<Route>(() => {
  const [path = "", query = ""] = hash.value.replace(/^#\/?/, "").split("?", 2);
  const [page = "", id = ""] = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { page, id, query: new URLSearchParams(query) };
});

type Query = Record<string, string | undefined>;

export function address(page: string, id = "", query: Query = {}): string {
  const given = Object.entries(query).filter((one): one is [string, string] => !!one[1]);
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  return `#/${page}${id ? `/${encodeURIComponent(id)}` : ""}${search}`;
}

/** The same place with other terms. */
export function turned(query: Query): string {
  const { page, id, query: now } = route.value;
  return address(page, id, { ...Object.fromEntries(now), ...query });
}

export function go(to: string) {
  location.hash = to;
}
