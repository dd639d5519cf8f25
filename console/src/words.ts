// The languages of the console: one file each, of the same shape.
import { computed, signal } from "@preact/signals";
import { en } from "./words/en.ts";
import { zh } from "./words/zh.ts";

export type Words = typeof en;
export const LANGUAGES = { en: "English", zh: "中文" } as const;
export type Language = keyof typeof LANGUAGES;

const catalogues: Record<Language, Words> = { en, zh };

function preferred(): Language {
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith("zh")) ? "zh" : "en";
}

export const language = signal<Language>(preferred());
export const t = computed(() => catalogues[language.value]);

/** The word for a value of an enum by its name in the contract; a value of a newer server shows its name. */
export function word(words: Record<string, string>, name: string): string {
  return words[name] ?? name;
}
