// The pill at the top says what is going on, where something is.

import { whileUsed } from "./awake.js";

const pill = document.getElementById("status");

whileUsed(async () => {
  const answer = await fetch("/status", { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(answer.statusText);
  const { text, tone, strangers } = await answer.json();
  if (pill.textContent !== text) pill.textContent = text;
  pill.dataset.tone = tone;
  pill.hidden = text === "";
  const count = document.getElementById("strangers");
  if (count) count.textContent = strangers ? String(strangers) : "";
}, 4_000, 0);
