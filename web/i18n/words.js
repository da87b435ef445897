/** The texts of the page, in the browser's language or the chosen one. */

import { signal } from "@preact/signals";
import { en } from "./en.js";
import { zh } from "./zh.js";

const KEY = "yolk.language";
const words = { en, zh };

/** "en" or "zh". What is rendered with `t` is rendered again when it changes. */
export const language = signal(stored() ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
document.documentElement.lang = language.value;

/** Return the text of *key* with its `{name}`s filled in; if *n* is 1, the text of `key_one` if there is one. */
export function t(key, values = {}) {
  const found = words[language.value];
  const text = (values.n === 1 && found[`${key}_one`]) || found[key] || key;
  return text.includes("{") ? text.replace(/\{(\w+)\}/g, (_, name) => values[name]) : text;
}

/** Return whether there is a text of that name. */
export function hasText(key) {
  return key in words[language.value];
}

/** Return the text of an error: in the page's language if its code is known, else the server's text. */
export function errorText({ code, message, text }) {
  if (code === 0) return t("unreachable");
  return hasText(`error${code}`) ? t(`error${code}`) : message || text || t("error5000");
}

/** Return the locale for dates: the browser's own if it is of the page's language. */
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
    // Storage may be forbidden; then the choice lasts until the page is closed.
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
