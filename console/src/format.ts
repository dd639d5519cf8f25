// Figures and times as people of a language write them.
import { timestampDate, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt";
import { signal } from "@preact/signals";
import { now } from "./clock.ts";
import { language } from "./words.ts";

/** The organisation's zone, in which its days begin. */
export const zone = signal("UTC");

const MINUS = "−";
const signs = (text: string) => text.replace("-", MINUS);

export const whole = (value: number | bigint) => new Intl.NumberFormat(language.value).format(value);
export const fixed = (value: number, digits = 2) => signs(value.toFixed(digits));
export function signed(value: number, digits = 2): string {
  const text = fixed(Math.abs(value), digits);
  return Number(text) === 0 ? text : (value > 0 ? "+" : MINUS) + text;
}
export const percent = (share: number, digits = 0) => `${signs((share * 100).toFixed(digits))}%`;

const formats = new Map<string, Intl.DateTimeFormat>();
function written(date: Date, options: Intl.DateTimeFormatOptions, timeZone = zone.value): string {
  const key = `${language.value} ${timeZone} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(language.value, { ...options, timeZone })));
  return format.format(date);
}

const MOMENT = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
export function moment(at?: Timestamp): string {
  if (!at) return "";
  const date = timestampDate(at);
  const isOld = date.getUTCFullYear() !== new Date(now()).getUTCFullYear();
  return written(date, isOld ? { ...MOMENT, year: "numeric" } : MOMENT);
}
export const dayOf = (at?: Timestamp) =>
  at ? written(timestampDate(at), { year: "numeric", month: "short", day: "numeric" }) : "";
/** A day of the organisation's, YYYY-MM-DD. */
export const day = (text: string) => written(new Date(`${text}T00:00:00Z`), { month: "short", day: "numeric" }, "UTC");

export function span(duration?: Duration): string {
  return duration ? lasting(Number(duration.seconds)) : "";
}

export function lasting(seconds: number): string {
  const unit = (value: number, unit: string) =>
    new Intl.NumberFormat(language.value, { style: "unit", unit, unitDisplay: "narrow" }).format(value);
  if (seconds < 60) return unit(seconds, "second");
  if (seconds < 3_600) return unit(Math.round(seconds / 60), "minute");
  const minutes = Math.round(seconds / 60);
  if (seconds < 86_400 * 2) return `${unit(Math.floor(minutes / 60), "hour")} ${unit(minutes % 60, "minute")}`;
  return unit(Math.round(seconds / 86_400), "day");
}

/** Today in the organisation's zone, moved by days. */
export function today(moved = 0): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone.value, dateStyle: "short" }).format(new Date(now()));
  const at = new Date(`${parts}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + moved);
  return at.toISOString().slice(0, 10);
}

/** A moment as the clocks of the organisation show it, for a field of a form: YYYY-MM-DDTHH:MM. */
export function localTime(at: Date): string {
  const options = { timeZone: zone.value, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat("sv-SE", options).format(at).replace(" ", "T").slice(0, 16);
}

/** The moment at which these clocks show that. */
export function atLocalTime(text: string): Date {
  const asked = new Date(`${text}Z`).getTime();
  const ahead = (ms: number) => new Date(`${localTime(new Date(ms))}Z`).getTime() - ms;
  // The offset may change between the guess and the moment that is meant.
  return new Date(asked - ahead(asked - ahead(asked)));
}

/** A new request id: a UUID of version 7. */
export function requestId(): string {
  const digits = (value: number, count: number) => value.toString(16).padStart(count, "0");
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  bytes[0] = (bytes[0]! & 0x0f) | 0x70;
  bytes[2] = (bytes[2]! & 0x3f) | 0x80;
  const text = digits(now(), 12) + Array.from(bytes, (byte) => digits(byte, 2)).join("");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
