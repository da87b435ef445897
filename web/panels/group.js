/** The panel about a group: its data, its members and its settings. */

import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Icon } from "../components/icons.js";
import { openConfirm } from "../dialogs/open.js";
import { t } from "../i18n/words.js";
import { copy } from "../state/actions.js";
import { act, ADMINISTRATOR, groupOf, loadGroup, loadMoreMembers, MEMBER, OWNER } from "../state/groups.js";
import { go } from "../state/history.js";
import { isPresent, nameOf } from "../state/people.js";
import { client, me } from "../state/session.js";
import { openConv } from "../state/store.js";
import { attempt, openDialog, openMenu } from "../state/ui.js";
import { ConversationSettings } from "./conversation_settings.js";
import { PanelHeader } from "./header.js";
import { memberItems } from "./member_menu.js";

export function GroupInfo({ conversation }) {
  const id = conversation.targetId;
  const group = groupOf(id);
  const role = group.me?.role ?? MEMBER;
  useEffect(() => {
    if (!conversation.gone) loadGroup(id, { again: true }).catch(() => {});
  }, [id]);

  if (!group.me) return html`<${PanelHeader} title=${t("groupInfo")} /><p class="hint">${conversation.gone ? t(`gone_${conversation.gone}`) : t("loading")}</p>`;
  const mayInvite = role >= group.invite_role;
  return html`
    <${PanelHeader} title=${t("groupInfo")} />
    <div class="panel-body" data-testid="group-panel">
      <div class="portrait">
        <${Avatar} user=${group} isGroup=${true} />
        <strong dir="auto" data-testid="group-title">${group.name}</strong>
        <span>${t("nMembers", { n: group.member_count })} · <button type="button" class="link" data-testid="group-number" onClick=${() => copy({ data: String(id) })}>${t("numberOf", { id })}</button></span>
      </div>
      ${group.notice && html`<section class="notice-board" aria-label=${t("groupNotice")}><h3>${t("groupNotice")}</h3><p dir="auto" data-testid="group-notice">${group.notice}</p></section>`}
      ${role >= ADMINISTRATOR && group.requests.length > 0 && html`<${Requests} id=${id} requests=${group.requests} />`}
      <div class="list">
        ${mayInvite && html`<${Item} icon="invite" text=${t("invite")} hook="invite" load=${() => import("../dialogs/invite.js")} id=${id} />`}
        ${role >= ADMINISTRATOR && html`<${Item} icon="settings" text=${t("groupSettings")} hook="group-settings" load=${() => import("../dialogs/group_settings.js")} id=${id} />`}
        ${role >= Math.min(group.link_role, ADMINISTRATOR) && html`<${Item} icon="link" text=${t("groupLinks")} hook="group-links" load=${() => import("../dialogs/group_links.js")} id=${id} />`}
        ${role >= ADMINISTRATOR && html`<${Item} icon="block" text=${t("bans")} hook="group-bans" load=${() => import("../dialogs/bans.js")} id=${id} />`}
        <${Item} icon="edit" text=${t("myNickname")} hook="nickname-in-group" load=${() => import("../dialogs/nickname.js")} id=${id} note=${group.me.nickname} />
      </div>
      <${ConversationSettings} conversation=${conversation} />
      <${Members} group=${group} />
      <div class="list">
        ${role < OWNER && html`<button type="button" class="item bad" data-testid="leave" onClick=${() => askTo("leave", group)}><${Icon} name="exit" />${t("leave")}</button>`}
        ${role === OWNER && html`<button type="button" class="item bad" data-testid="dissolve" onClick=${() => askTo("dissolve", group)}><${Icon} name="trash" />${t("dissolve")}</button>`}
      </div>
    </div>
  `;
}

/** Ask before the user leaves or dissolves a group, and return to the list afterwards. */
function askTo(what, { id, name }) {
  openConfirm(t(`${what}Sure`, { name }), t(what), async () => {
    if ((await attempt(act(id, what))) && openConv.peek() === `g:${id}`) go(null);
  });
}

function Item({ icon, text, hook, load, id, note }) {
  return html`
    <button type="button" class="item" data-testid=${hook} onClick=${() => openDialog(load, { label: text, id, key: `${hook} ${id}` })}>
      <${Icon} name=${icon} /><span>${text}</span>${note && html`<small dir="auto">${note}</small>`}
    </button>
  `;
}

/** The users who asked to join. */
function Requests({ id, requests }) {
  const answer = (name, users) => attempt(act(id, `requests/${name}`, { users }));
  return html`
    <section class="requests" aria-label=${t("requests")} data-testid="requests">
      <h3>${t("requests")}</h3>
      <ul class="rows">
        ${requests.map(({ user, text }) => html`
          <li key=${user.id} class="row plain" data-testid="request">
            <${Avatar} user=${user} />
            <span class="name"><bdi>${nameOf(user)}</bdi></span>
            <span class="snippet" dir="auto">${text || `@${user.username}`}</span>
            <span class="row-act">
              <button type="button" class="soft-button" data-testid="accept" onClick=${() => answer("accept", [user.id])}>${t("accept")}</button>
              <button type="button" class="link quiet" data-testid="refuse" onClick=${() => answer("refuse", [user.id])}>${t("refuse")}</button>
            </span>
          </li>
        `)}
      </ul>
    </section>
  `;
}

function Members({ group }) {
  const members = [...group.members.values()].sort((a, b) => b.role - a.role || a.user_id - b.user_id);
  return html`
    <section aria-label=${t("members")}>
      <h3>${t("members")}</h3>
      <ul class="rows" data-testid="members">
        ${members.map((member) => html`<${Member} key=${member.user_id} group=${group} member=${member} />`)}
      </ul>
      ${group.more && html`<button type="button" class="soft-button wide" onClick=${() => attempt(loadMoreMembers(group.id))}>${t("more")}</button>`}
    </section>
  `;
}

function Member({ group, member }) {
  const { user_id: id, username, role, muted_until } = member;
  const open = (event) => openMenu(nameOf(member), memberItems(group, member), event.currentTarget);
  const isMuted = muted_until > client.now();
  return html`
    <li>
      <button type="button" class="row" aria-haspopup="menu" data-testid="member" data-user=${id} onClick=${open}>
        <${Avatar} user=${{ ...member, id }} online=${isPresent(id)} />
        <span class="name"><bdi>${nameOf(member)}</bdi>${id === me.value.id && html`<small> · ${t("you")}</small>`}</span>
        <span class="snippet">@${username}${isMuted ? ` · ${t("isMuted")}` : ""}</span>
        ${role > MEMBER && html`<span class="role ${role === OWNER ? "owner" : ""}" data-testid="role">${t(role === OWNER ? "owner" : "administrator")}</span>`}
      </button>
    </li>
  `;
}
