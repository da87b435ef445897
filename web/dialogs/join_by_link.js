/** The group of an invitation link that was opened, and the button to join it. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { errorText, t } from "../i18n/words.js";
import { previewLink } from "../state/group_access.js";
import { joinByLink } from "../state/groups.js";
import { go } from "../state/history.js";
import { toast } from "../state/ui.js";
import { DialogFrame, useAttempt } from "./frame.js";

export default function JoinByLink({ token, close }) {
  const [group, setGroup] = useState(null);
  const [failure, setFailure] = useState("");
  const [text, setText] = useState("");
  const [run, error, isBusy] = useAttempt();
  const button = useRef(null);

  useEffect(() => {
    previewLink(token).then(show, (reason) => setFailure(errorText(reason)));
  }, [token]);
  useEffect(() => button.current?.focus(), [group]);

  function show(found) {
    if (found.group_id === null) return setGroup(found);
    close(); // the user is a member already
    go(`g:${found.group_id}`);
  }

  async function join(event) {
    event.preventDefault();
    const answer = await run(() => joinByLink(token, text.trim()));
    if (!answer) return;
    close();
    if (answer.state === "joined") go(answer.conv);
    else toast(t("joinAsked"));
  }

  if (!group) {
    return html`
      <${DialogFrame} title=${t("joinGroup")} close=${close} actions=${failure && html`<button type="button" class="primary" onClick=${close}>${t("ok")}</button>`}>
        <p class="${failure ? "error" : "hint"}" role=${failure ? "alert" : "status"} data-testid="link-state">${failure || t("loading")}</p>
      <//>
    `;
  }
  return html`
    <form onSubmit=${join}>
      <${DialogFrame} title=${t("joinGroup")} close=${close} isChanged=${text.trim() !== ""}
        actions=${html`
          <button type="button" class="soft-button" onClick=${close}>${t("notNow")}</button>
          <button ref=${button} class="primary" data-testid="join-linked" disabled=${isBusy}>${t(group.approval ? "askToJoin" : "join")}</button>
        `}>
        <div class="portrait" data-testid="linked-group">
          <${Avatar} user=${{ ...group, id: group.name.length }} isGroup=${true} />
          <strong dir="auto">${group.name}</strong>
          <span>${t("nMembers", { n: group.member_count })}</span>
        </div>
        ${group.approval && html`
          <p class="soft">${t("approvalNeeded")}</p>
          <label class="field"><span>${t("joinText")}</span>
            <input data-testid="join-text" maxlength="255" dir="auto" value=${text} onInput=${(event) => setText(event.target.value)} />
          </label>
        `}
        <p class="error" role="alert">${error}</p>
      <//>
    </form>
  `;
}
