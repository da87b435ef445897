/** The emoji picker: a fixed list, drawn with the system's font. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words.js";

const KEY = "yolk.page.emoji";
const MAX_RECENT = 16;
const COLUMNS = 8;

const groups = {
  faces: "😀 😃 😄 😁 😆 😅 😂 🤣 🙂 😉 😊 😇 🥰 😍 😘 😋 😜 🤪 🤗 🤭 🤫 🤔 🫡 😐 😏 🙄 😬 😌 😴 🤤 😷 🤒 🤧 🥳 😎 🤓 🧐 😕 🙁 😮 😲 😳 🥺 😢 😭 😱 😤 😡 🤯 😈 💀 🤡 👻 👽 🤖 🙈 🙉 🙊",
  hands: "👍 👎 👏 🙏 🤝 👋 ✋ 👌 🤌 ✌️ 🤞 🤟 🤘 👈 👉 👆 👇 ✊ 👊 💪 🫶 🙌 👀 🧠 👶 👩 👨 🧑‍💻 🙋 🤦 🤷 🙇 🏃 💃 👨‍👩‍👧",
  hearts: "❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💕 💯 ✨ ⭐ 🌟 🔥 💥 🎉 🎊 🎁 🎂 🏆 🥇 ✅ ❌ ❓ ❗ 💤 💬",
  nature: "🐶 🐱 🐭 🐰 🦊 🐻 🐼 🐯 🦁 🐮 🐷 🐸 🐵 🐔 🐣 🐥 🦆 🦉 🐝 🦋 🐢 🐙 🐳 🐬 🌸 🌹 🌻 🌳 🍀 🍁 🌈 ☀️ 🌙 ⛅ 🌧️ ❄️ 🌊",
  food: "🥚 🍳 🍎 🍊 🍋 🍌 🍉 🍇 🍓 🍑 🥑 🍅 🌽 🥕 🍞 🧀 🍔 🍟 🍕 🌮 🍜 🍣 🍙 🥟 🍚 🍲 🍰 🍩 🍪 🍫 🍿 ☕ 🍵 🍺 🍷 🥂",
  things: "⚽ 🏀 🏓 🎮 🎲 🎵 🎸 🎬 📷 💻 📱 ⌚ 💡 📚 ✏️ 📎 📌 📅 📈 🔒 🔑 🔔 🛒 💰 🚗 🚌 🚲 ✈️ 🚀 🏠 🏢 🗺️ ⏰ ☂️",
};

export default function Emoji({ onPick, close }) {
  const box = useRef(null);
  const [recent, setRecent] = useState(read);

  useEffect(() => {
    box.current.querySelector("button")?.focus();
    const onPointerDown = (event) => {
      if (!box.current.contains(event.target) && !event.target.closest("[data-testid=emoji]")) close();
    };
    document.addEventListener("pointerdown", onPointerDown);
    return () => document.removeEventListener("pointerdown", onPointerDown);
  }, []);

  function pick(emoji) {
    onPick(emoji);
    const next = [emoji, ...recent.filter((each) => each !== emoji)].slice(0, MAX_RECENT);
    setRecent(next);
    keep(next);
  }

  function onKeyDown(event) {
    if (event.key === "Escape") return close();
    const all = [...box.current.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + COLUMNS, ArrowUp: at - COLUMNS }[event.key];
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    all[to].focus();
  }

  const shown = recent.length ? { recent, ...groups } : groups;
  return html`
    <div class="emoji-picker" ref=${box} role="dialog" aria-label=${t("emoji")} data-testid="emoji-picker" onKeyDown=${onKeyDown}>
      ${Object.entries(shown).map(([name, list], index) => html`
        <section key=${name} aria-label=${t(`emoji_${name}`)}>
          <h2>${t(`emoji_${name}`)}</h2>
          <div class="emoji-grid">
            ${(Array.isArray(list) ? list : list.split(" ")).map((emoji, at) => html`<button type="button" key=${emoji} tabindex=${index + at ? -1 : 0} aria-label=${emoji} onClick=${() => pick(emoji)}>${emoji}</button>`)}
          </div>
        </section>
      `)}
    </div>
  `;
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string").slice(0, MAX_RECENT) : [];
  } catch {
    return [];
  }
}

function keep(recent) {
  try {
    localStorage.setItem(KEY, JSON.stringify(recent));
  } catch {
    // Storage may be forbidden; then they are kept until the page is closed.
  }
}
