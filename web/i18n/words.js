/** The page's words, in the language of the browser or the one chosen. */

import { signal } from "@preact/signals";
import { en } from "./en.js";
import { zh } from "./zh.js";

const KEY = "yolk.language";
const words = { en, zh };

/** "en" or "zh". Whatever is rendered with `t` is rendered anew when it changes. */
export const language = signal(stored() ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
document.documentElement.lang = language.value;

/** The text of *key*, its `{name}`s filled in. Where *n* is 1 and there is a text `key_one`, that one. */
export function t(key, values = {}) {
  const found = words[language.value];
  const text = (values.n === 1 && found[`${key}_one`]) || found[key] || key;
  return text.includes("{") ? text.replace(/\{(\w+)\}/g, (_, name) => values[name]) : text;
}

/** Whether there is a text of that name. */
export function hasText(key) {
  return key in words[language.value];
}

/** What a person reads of an error: in the page's language where its code is known, else the server's own words. */
export function errorText({ code, message, text }) {
  if (code === 0) return t("unreachable");
  return hasText(`error${code}`) ? t(`error${code}`) : message || text || t("error5000");
}

/** The locale for dates: the browser's own where it speaks the page's language. */
export function locale() {
  if (navigator.language.startsWith(language.value)) return navigator.language;
  return language.value === "zh" ? "zh-CN" : "en-GB";
}

export function chooseLanguage(chosen) {
  language.value = chosen;
  document.documentElement.lang = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
  }
}

export function switchLanguage() {
  chooseLanguage(language.value === "zh" ? "en" : "zh");
}

function stored() {
  try {
    const found = localStorage.getItem(KEY);
    return found in words ? found : null;
  } catch {
    return null;
  }
}
