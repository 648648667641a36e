// The line below the bar says on every page what is going on, and when what is shown is followed no more.

import { whileUsed } from "./awake.js";

const pill = document.getElementById("status");

function tell(text, tone) {
  const isNew = pill.textContent !== text || pill.dataset.tone !== tone;
  if (isNew) [pill.textContent, pill.dataset.tone] = [text, tone];
  return isNew;
}

async function ask(unwanted) {
  try {
    const answer = await fetch("/status", { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.any([unwanted, AbortSignal.timeout(10_000)]) });
    if (!answer.ok) throw new Error(answer.statusText);
    return await answer.json();
  } catch (error) {
    if (!unwanted.aborted) tell("What goes on is not known now", "paused");
    throw error;
  }
}

const moreOften = whileUsed(async unwanted => {
  const { text, tone, since, strangers } = await ask(unwanted);
  const count = document.getElementById("strangers");
  if (count) count.textContent = strangers;
  const isNew = tell(since ? text.replace(/\d\d:\d\d UTC/, new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })) : text, tone);
  return isNew || tone !== "idle";
}, 4_000, 0, 16_000);

document.addEventListener("put", moreOften);
document.addEventListener("paused", () => tell("Paused, as nobody used this page for two minutes", "paused"));
