/** A user's picture, or initials on a colour that is always the same for the same user. */

import { html } from "../vendor/htm-preact-standalone.js";
import { initials, nameOf } from "../format.js";

const HUES = [22, 55, 125, 152, 188, 222, 258, 300, 345];

export function Avatar({ user, online = false }) {
  const hue = HUES[Number(user.id) % HUES.length];
  // Only from our own server: anything else would tell a stranger who looks at whom.
  const isOurs = /^\/(?![/\\])/.test(user.avatar ?? "");
  return html`
    <span class="avatar" style=${{ "--hue": hue }} aria-hidden="true">
      ${isOurs ? html`<img src=${user.avatar} alt="" loading="lazy" />` : initials(nameOf(user))}
      ${online && html`<span class="dot" data-testid="online-dot"></span>`}
    </span>
  `;
}
