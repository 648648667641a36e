// What is shown follows what is so: the page is asked for again, and only what changed is put.

import { whileUsed } from "./awake.js";
import { put } from "./page.js";

const pause = 2_000;
const patience = 15_000;

let address = location.href, tag = document.documentElement.dataset.tag;

async function refresh(unwanted) {
  if (address !== location.href) [address, tag] = [location.href, ""];
  let answer;
  try {
    answer = await fetch(address, { headers: { Accept: "text/html", "If-None-Match": tag }, cache: "no-store", signal: AbortSignal.any([unwanted, AbortSignal.timeout(patience)]) });
  } catch (error) {
    if (unwanted.aborted) return;
    away("Lineup cannot be reached: what is shown may be old. It is tried again by itself.");
    throw error;
  }
  const html = await answer.text();
  if (unwanted.aborted) return;
  if (answer.status >= 500 || answer.status === 429) {
    away("Lineup does not answer now: what is shown may be old. It is tried again by itself.");
    throw new Error(answer.statusText);
  }
  if (answer.status === 401) {
    away("Your key is asked for again: load the page.");
    throw new Error(answer.statusText);
  }
  away("");
  if (answer.status !== 304 && address === location.href) {
    tag = put(html).documentElement.dataset.tag;
  }
  return answer.status < 400;
}

// away says why what is shown may be old; an empty text that it is not.
function away(text) {
  const banner = document.getElementById("away");
  if (banner.textContent !== text) banner.textContent = text;
  banner.hidden = text === "";
}

whileUsed(refresh, pause, pause, 30_000); // where nothing is, less and less often
addEventListener("offline", () => away("This device is offline: what is shown may be old."));
