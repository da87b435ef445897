/** The picture of a user or group, or their initials on a colour that is always the same. */

import { html } from "htm/preact";
import { initials } from "../format.js";
import { fileIn, linkOf } from "../state/files.js";
import { nameOf } from "../state/people.js";
import { Icon } from "./icons.js";

const HUES = [22, 55, 125, 152, 188, 222, 258, 300, 345];
const EMOJI = /^\p{Extended_Pictographic}[\p{Extended_Pictographic}\p{Emoji_Modifier}\u200d\ufe0f]{0,8}$/u;

/** An avatar. *user* is a user or a group; `isGroup` and `isSelf` change its shape and colour. */
export function Avatar({ user, online = false, isGroup = false, isSelf = false, class: className = "" }) {
  const hue = isSelf ? 85 : HUES[Number(user.id) % HUES.length];
  return html`
    <span class="avatar ${isGroup ? "of-group" : ""} ${className}" style=${{ "--hue": hue }} aria-hidden="true">
      <${Face} user=${user} isGroup=${isGroup} isSelf=${isSelf} />
      ${online && html`<span class="dot" data-testid="online-dot"></span>`}
    </span>
  `;
}

function Face({ user, isGroup, isSelf }) {
  const avatar = user.avatar ?? "";
  const file = fileIn(avatar);
  // Only from our own server: a foreign one would learn who looks at whom.
  const source = file ? linkOf(file, "thumbnail") : /^\/(?![/\\])/.test(avatar) ? avatar : null;
  if (source) return html`<img src=${source} alt="" loading="lazy" decoding="async" />`;
  if (isSelf) return html`<${Icon} name="edit" />`;
  if (EMOJI.test(avatar)) return html`<span class="emoji">${avatar}</span>`;
  const name = isGroup ? user.name || "…" : nameOf(user);
  return html`<span>${initials(name)}</span>`;
}
