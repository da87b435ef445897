/** Where one writes: Enter sends, Shift+Enter begins a new line. */

import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { canEdit, edit, sendText } from "../state/actions.js";
import { clearDraft, draftOf, setDraft } from "../state/drafts.js";
import { nameIn } from "../state/groups.js";
import { toNewest } from "../state/history.js";
import { nameOf, personOf } from "../state/people.js";
import { me } from "../state/session.js";
import { sayTyping } from "../state/typing.js";
import { toast } from "../state/ui.js";
import { summaryOf } from "../summary.js";
import { chooseFiles, offerFiles } from "./attach.js";
import { Icon, IconButton } from "./icons.js";
import { MentionPicker, mentionedIn, wordBefore } from "./mentions.js";

const fine = matchMedia("(pointer: fine)");
const canRecord = "MediaRecorder" in globalThis && navigator.mediaDevices?.getUserMedia !== undefined;

export function Composer({ conversation }) {
  const { conv } = conversation;
  const { text, reply, editing } = draftOf(conv);
  const area = useRef(null);
  const [word, setWord] = useState(null); // what stands after "@", while a name is looked for
  const [Extra, setExtra] = useState(null); // the emoji picker or the recorder, once it is there

  useLayoutEffect(() => {
    if (!area.current) return; // a voice message is being recorded
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight}px`;
  }, [text, Extra?.name === "recorder"]);

  useEffect(() => {
    // On a phone the keyboard would hide the chat that one opened to read.
    if (fine.matches || reply || editing) area.current?.focus();
    if (editing) area.current?.setSelectionRange(text.length, text.length);
  }, [conv, reply?.id, editing?.id]);

  function write(value) {
    setDraft(conv, { text: value });
    if (value) sayTyping(conversation);
  }

  function onInput({ target }) {
    write(target.value);
    setWord(conversation.isGroup ? wordBefore(target.value, target.selectionStart) : null);
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
    // Enter also ends a word in an input method. Safari says so only by the key code.
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

/** The message that one answers or changes. */
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

