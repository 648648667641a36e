// The line below the bar says on every page what is going on.

import { whileUsed } from "./awake.js";

const pill = document.getElementById("status");

whileUsed(async () => {
  const answer = await fetch("/status", { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(answer.statusText);
  const { text: told, tone, since, strangers } = await answer.json();
  const text = since ? told.replace(/\d\d:\d\d UTC/, new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })) : told;
  if (pill.textContent !== text) pill.textContent = text;
  pill.dataset.tone = tone;
  const count = document.getElementById("strangers");
  if (count) count.textContent = strangers >= 1000 ? "999+" : strangers || "";
}, 4_000, 0);
