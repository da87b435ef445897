/**
 * The message input: "@" suggests names; files can be added. With a keyboard, Enter sends and Shift+Enter starts a
 * new line; on a touch screen, Enter starts a new line and the button sends.
 */

import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { summaryOf } from "../format.js";
import { t } from "../i18n/words.js";
import { canEdit, edit, sendText } from "../state/actions.js";
import { clearDraft, draftOf, peekDraft, setDraft } from "../state/drafts.js";
import { ADMINISTRATOR, groupOf, nameIn } from "../state/groups.js";
import { goToNewest } from "../state/history.js";
import { EVERYBODY, mentionedIn } from "../state/mentions.js";
import { nameOf, personOf, sendTyping } from "../state/people.js";
import { me } from "../state/session.js";
import { isOfInputMethod, openDialog, toast } from "../state/ui.js";
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

  function send() {
    // Of now: the page may not have shown the last change yet.
    const { text: written, picked } = peekDraft(conv);
    const said = written.trim();
    if (!said) return;
    setWord(null);
    sendText(conversation, said, mentionedIn(conversation, said, picked));
    goToNewest(conversation);
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

  function pick({ user_id: id, ...member }) {
    const name = nameOf(member);
    setDraft(conv, { picked: [...draftOf(conv).picked.filter((one) => one.name !== name), { id, name }] });
    insert(`@${name} `, word.length + 1);
    setWord(null);
  }

  function onKeyDown(event) {
    if (isOfInputMethod(event) || event.defaultPrevented) return;
    if (event.key === "Escape" && Extra) setExtra(null);
    else if (event.key === "Escape" && (reply || editing)) clearReference();
    if (event.key === "ArrowUp" && !text && !reply) editLast(event);
    if (event.key !== "Enter" || event.shiftKey || !(fine.matches || event.ctrlKey || event.metaKey)) return;
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
    const { files = [], types = [] } = event.clipboardData ?? {};
    // Excel and Word add a picture of the text. A file manager adds its name, without formatting.
    const isText = types.includes("text/plain") && (types.includes("text/html") || types.includes("text/rtf"));
    if (files.length === 0 || isText) return;
    event.preventDefault();
    offerFiles(conversation, [...files]);
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
        onPick=${pick} onClose=${() => setWord(null)} />`}
      ${(reply || editing) && html`<${Reference} conversation=${conversation} message=${reply ?? editing} isEdit=${Boolean(editing)} onClose=${clearReference} />`}
      ${Extra?.name === "emoji" && html`<${Extra.Shown} onPick=${(emoji) => insert(emoji)} close=${() => (setExtra(null), area.current?.focus())} />`}
      <div class="writing">
        <${IconButton} name="attach" label=${t("attach")} data-testid="attach" onClick=${() => chooseFiles(conversation)} />
        <div class="box">
          <textarea ref=${area} rows="1" dir="auto" data-testid="composer" aria-label=${t("write")} placeholder=${t("write")}
            enterkeyhint=${fine.matches ? "send" : "enter"} value=${text} onInput=${onInput} onKeyDown=${onKeyDown} onPaste=${onPaste}
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

/** The suggestions above the composer. Arrow keys move, Enter and Tab choose. Everybody is never chosen beforehand. */
function MentionPicker({ conversation, word, area, onPick, onClose }) {
  const group = groupOf(conversation.targetId);
  const wanted = word.toLowerCase();
  const fits = (name) => name.toLowerCase().includes(wanted);
  const members = [...group.members.values()].filter(({ user_id, username, nickname }) => user_id !== me.value.id && (fits(nickname) || fits(username)));
  const mayCallAll = (group.me?.role ?? 0) >= ADMINISTRATOR && fits(t("everybody"));
  const all = mayCallAll ? [{ user_id: EVERYBODY, nickname: t("everybody"), username: "" }] : [];
  const found = [...members.slice(0, MAX_CHOICES - all.length), ...all];
  const first = members.length ? 0 : -1;
  const [at, setAt] = useState(first);

  useEffect(() => setAt(first), [word, first]);
  useLayoutEffect(() => {
    const { current } = area;
    function onKeyDown(event) {
      if (isOfInputMethod(event) || found.length === 0) return;
      if (event.key === "ArrowDown") setAt((at + 1) % found.length);
      else if (event.key === "ArrowUp") setAt((Math.max(at, 0) - 1 + found.length) % found.length);
      else if ((event.key === "Enter" || event.key === "Tab") && found[at]) onPick(found[at]);
      else if (event.key === "Escape") onClose();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    current.addEventListener("keydown", onKeyDown, true);
    if (found[at]) current.setAttribute("aria-activedescendant", `mention-${at}`);
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
          onPointerDown=${(event) => (event.preventDefault(), onPick(member))}>
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
