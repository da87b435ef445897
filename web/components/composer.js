/** Where one writes: Enter sends, Shift+Enter begins a new line. */

import { html, useLayoutEffect, useRef, useState } from "../vendor/htm-preact-standalone.js";
import { t } from "../i18n.js";
import { IconButton } from "./icons.js";

export function Composer({ conversation, onSend }) {
  const [text, setText] = useState(conversation.draft);
  const area = useRef(null);

  useLayoutEffect(() => {
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight}px`;
  }, [text]);

  useLayoutEffect(() => {
    // On a phone the keyboard would hide the chat that one opened to read.
    if (matchMedia("(pointer: fine)").matches) area.current.focus();
  }, []);

  function write(value) {
    conversation.draft = value;
    setText(value);
  }

  function send() {
    if (!text.trim()) return;
    onSend(text.trim());
    write("");
    area.current.focus();
  }

  function onKeyDown(event) {
    // Enter also ends a word in an input method. Safari says so only by the key code.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    send();
  }

  return html`
    <div class="composer">
      <textarea ref=${area} rows="1" dir="auto" data-testid="composer" aria-label=${t("write")} placeholder=${t("write")}
        value=${text} onInput=${(event) => write(event.target.value)} onKeyDown=${onKeyDown}></textarea>
      <${IconButton} name="send" class="send" label=${t("send")} data-testid="send" disabled=${!text.trim()} onClick=${send} />
    </div>
  `;
}
