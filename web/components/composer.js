/** The message input: Enter sends, Shift+Enter starts a new line, "@" suggests names; files can be added. */

import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { summaryOf } from "../format.js";
import { t } from "../i18n/words.js";
import { canEdit, edit, sendText } from "../state/actions.js";
import { clearDraft, draftOf, setDraft } from "../state/drafts.js";
import { ADMINISTRATOR, groupOf, nameIn } from "../state/groups.js";
import { toNewest } from "../state/history.js";
import { nameOf, personOf, sendTyping } from "../state/people.js";
import { me } from "../state/session.js";
import { openDialog, toast } from "../state/ui.js";
import { Avatar } from "./avatar.js";
import { Icon, IconButton } from "./icons.js";

const fine = matchMedia("(pointer: fine)");
const canRecord = "MediaRecorder" in globalThis && navigator.mediaDevices?.getUserMedia !== undefined;

export function Composer({ conversation }) {
  const { conv } = conversation;
  const { text, reply, editing } = draftOf(conv);
  const area = useRef(null);
  const [word, setWord] = useState(null); // the text after "@" while a name is typed, else null
  const [Extra, setExtra] = useState(null); // {name, Shown}: the emoji picker or the recorder, when it is open

  useLayoutEffect(() => {
    if (!area.current) return; // a voice message is being recorded
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight}px`;
  }, [text, Extra?.name === "recorder"]);

  useEffect(() => {
    // On a phone the keyboard would cover the chat.
    if (fine.matches || reply || editing) area.current?.focus();
    if (editing) area.current?.setSelectionRange(text.length, text.length);
  }, [conv, reply?.id, editing?.id]);

  function write(value) {
    setDraft(conv, { text: value });
    if (value) sendTyping(conversation);
  }

  function onInput({ target }) {
    write(target.value);
    setWord(conversation.isGroup ? mentionBefore(target.value, target.selectionStart) : null);
  }

  async function send() {
    const said = text.trim();
    if (!said) return;
    setWord(null);
    await toNewest(conversation);
    sendText(conversation, said, mentionedIn(conversation, said));
    area.current?.focus();
  }

  function insert(piece, replaced = 0) {
    const { selectionStart: start, selectionEnd: end, value } = area.current;
    const next = value.slice(0, start - replaced) + piece + value.slice(end);
    write(next);
    area.current.value = next;
    const caret = start - replaced + piece.length;
    area.current.setSelectionRange(caret, caret);
    area.current.focus();
  }

  function onKeyDown(event) {
    // In an input method Enter ends a word. Safari reports this only by the key code.
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    if (event.key === "Escape" && Extra) setExtra(null);
    else if (event.key === "Escape" && (reply || editing)) clearReference();
    if (event.key === "ArrowUp" && !text && !reply) editLast(event);
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    send();
  }

  function clearReference() {
    if (editing) clearDraft(conv);
    else setDraft(conv, { reply: null });
  }

  function editLast(event) {
    const mine = conversation.window.messages.findLast(({ from_id, type }) => from_id === me.peek().id && type === "text");
    if (!mine || !canEdit(mine)) return;
    event.preventDefault();
    edit(mine);
  }

  function onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    offerFiles(conversation, files);
  }

  async function open(name, load) {
    if (Extra?.name === name) return setExtra(null);
    try {
      const { default: Shown } = await load();
      setExtra({ name, Shown });
    } catch {
      toast(t("unreachable"));
    }
  }

  if (Extra?.name === "recorder") return html`<${Extra.Shown} conversation=${conversation} close=${() => setExtra(null)} />`;
  return html`
    <div class="composer" role="group" aria-label=${t("write")}>
      ${word !== null && html`<${MentionPicker} conversation=${conversation} word=${word} area=${area}
        onPick=${(name) => (insert(`@${name} `, word.length + 1), setWord(null))} onClose=${() => setWord(null)} />`}
      ${(reply || editing) && html`<${Reference} conversation=${conversation} message=${reply ?? editing} isEdit=${Boolean(editing)} onClose=${clearReference} />`}
      ${Extra?.name === "emoji" && html`<${Extra.Shown} onPick=${(emoji) => insert(emoji)} close=${() => (setExtra(null), area.current?.focus())} />`}
      <div class="writing">
        <${IconButton} name="attach" label=${t("attach")} data-testid="attach" onClick=${() => chooseFiles(conversation)} />
        <div class="box">
          <textarea ref=${area} rows="1" dir="auto" data-testid="composer" aria-label=${t("write")} placeholder=${t("write")}
            enterkeyhint="send" value=${text} onInput=${onInput} onKeyDown=${onKeyDown} onPaste=${onPaste}
            onBlur=${() => setTimeout(() => setWord(null), 150)}></textarea>
          <${IconButton} name="smile" label=${t("emoji")} class=${Extra ? "on" : ""} aria-expanded=${Boolean(Extra)} data-testid="emoji"
            onClick=${() => open("emoji", () => import("./emoji.js"))} />
        </div>
        ${text.trim() || !canRecord || editing
          ? html`<${IconButton} name=${editing ? "check" : "send"} class="send" label=${t(editing ? "save" : "send")} data-testid="send" disabled=${!text.trim()}
              onPointerDown=${(event) => event.preventDefault()} onClick=${send} />`
          : html`<${IconButton} name="microphone" class="send" label=${t("record")} data-testid="record" onClick=${() => open("recorder", () => import("./recorder.js"))} />`}
      </div>
    </div>
  `;
}

/** The message that is replied to or edited. */
function Reference({ conversation, message, isEdit, onClose }) {
  const isMine = message.from_id === me.value.id;
  const name = isMine ? t("you") : conversation.isGroup ? nameIn(conversation.targetId, message.from_id) : nameOf(personOf(message.from_id));
  return html`
    <div class="reference" data-testid=${isEdit ? "editing" : "replying"}>
      <${Icon} name=${isEdit ? "edit" : "reply"} />
      <div class="reference-lines">
        <strong dir="auto">${isEdit ? t("editing") : t("replyTo", { name })}</strong>
        <span dir="auto">${summaryOf(message).slice(0, 200)}</span>
      </div>
      <${IconButton} name="close" label=${t("cancel")} data-testid="cancel-reference" onClick=${onClose} />
    </div>
  `;
}

/** Move the focus to the composer, if there is one. */
export function focusComposer(event) {
  const composer = document.querySelector("[data-testid=composer]");
  if (!composer) return;
  event?.preventDefault();
  composer.focus();
}

// ---- Mentions

const MAX_CHOICES = 8;

/** Return the text between the last "@" and the caret, or null. */
function mentionBefore(text, caret) {
  const found = /(?:^|[\s\p{P}\p{Script=Han}])@([^\s@]{0,20})$/u.exec(text.slice(0, caret));
  return found ? found[1] : null;
}

/** Return the members mentioned in a text, for `options.mentions`: ids, "all" or null. */
function mentionedIn(conversation, text) {
  if (!conversation.isGroup || !text.includes("@")) return null;
  const group = groupOf(conversation.targetId);
  if ((group.me?.role ?? 0) >= ADMINISTRATOR && text.includes(`@${t("everybody")}`)) return "all";
  const ids = [...group.members.values()].filter((member) => text.includes(`@${nameOf(member)}`)).map(({ user_id }) => user_id);
  return ids.length ? ids.slice(0, 50) : null;
}

/** The suggestions above the composer. Arrow keys move, Enter and Tab choose. */
function MentionPicker({ conversation, word, area, onPick, onClose }) {
  const group = groupOf(conversation.targetId);
  const wanted = word.toLowerCase();
  const fits = (name) => name.toLowerCase().includes(wanted);
  const members = [...group.members.values()].filter(({ user_id, username, nickname }) => user_id !== me.value.id && (fits(nickname) || fits(username)));
  const mayCallAll = (group.me?.role ?? 0) >= ADMINISTRATOR && fits(t("everybody"));
  const all = mayCallAll ? [{ user_id: 0, nickname: t("everybody"), username: "" }] : [];
  const found = [...all, ...members].slice(0, MAX_CHOICES);
  const [at, setAt] = useState(0);

  useEffect(() => setAt(0), [word]);
  useLayoutEffect(() => {
    const { current } = area;
    function onKeyDown(event) {
      if (event.isComposing || found.length === 0) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) setAt((at + step + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") onPick(nameOf(found[at]));
      else if (event.key === "Escape") onClose();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    current.addEventListener("keydown", onKeyDown, true);
    current.setAttribute("aria-activedescendant", `mention-${at}`);
    return () => {
      current.removeEventListener("keydown", onKeyDown, true);
      current.removeAttribute("aria-activedescendant");
    };
  });

  if (found.length === 0) return null;
  return html`
    <ul class="picker" role="listbox" aria-label=${t("mention")} data-testid="mention-picker">
      ${found.map((member, index) => html`
        <li key=${member.user_id} id="mention-${index}" role="option" aria-selected=${index === at} class=${index === at ? "at" : ""}
          onPointerDown=${(event) => (event.preventDefault(), onPick(nameOf(member)))}>
          <${Avatar} user=${{ ...member, id: member.user_id }} />
          <bdi>${nameOf(member)}</bdi><span>${member.username && `@${member.username}`}</span>
        </li>
      `)}
    </ul>
  `;
}

// ---- Files: chosen, pasted or dropped

/** Open the browser's file dialog. */
function chooseFiles(conversation) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.dataset.testid = "file-input";
  input.hidden = true;
  input.setAttribute("aria-label", t("attach"));
  const end = () => input.remove();
  input.addEventListener("change", () => (offerFiles(conversation, [...input.files]), end()));
  input.addEventListener("cancel", end);
  document.body.append(input);
  input.click();
}

/** Show the chosen files before they are sent. */
export function offerFiles(conversation, files) {
  if (files.length === 0) return;
  openDialog(() => import("../dialogs/send_files.js"), { label: t("sendFiles", { n: files.length }), conversation, files });
}
