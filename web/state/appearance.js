/** The theme: light or dark, as the system or as the user chose. */

import { effect, signal } from "@preact/signals";

const KEY = "yolk.page.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(system.matches);
system.addEventListener("change", ({ matches }) => (isSystemDark.value = matches));

/** "system", "light" or "dark". */
export const theme = signal(read());

export function chooseTheme(chosen) {
  theme.value = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Storage may be forbidden; then the choice lasts until the page is closed.
  }
}

effect(() => {
  const isDark = theme.value === "dark" || (theme.value === "system" && isSystemDark.value);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  document.querySelector("meta[name=theme-color]").content = isDark ? "#1b1c1f" : "#ffffff";
});

function read() {
  try {
    const found = localStorage.getItem(KEY);
    return ["light", "dark"].includes(found) ? found : "system";
  } catch {
    return "system";
  }
}
