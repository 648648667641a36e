// A long list goes on by itself where its end is reached. What was loaded stays as it is put,
// and is asked for again while it is seen.

import { whileUsed } from "./awake.js";
import { say } from "./page.js";

const ahead = "600px";
const pause = 2_000;

const parts = [];
let loading = false;

const near = new IntersectionObserver(entries => {
  if (entries.some(entry => entry.isIntersecting)) more();
}, { rootMargin: ahead });

function watch() {
  near.disconnect();
  const link = document.querySelector("a[data-more]");
  if (link) near.observe(link);
}

addEventListener("click", event => {
  const link = event.target.closest?.("a[data-more]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  more(true);
});

// more adds the next page behind the last, and goes there where that was asked for.
async function more(go = false) {
  const link = document.querySelector("a[data-more]");
  if (!link || loading) return;
  loading = true;
  try {
    const part = { url: link.href, tag: "", list: null };
    const next = await read(part);
    const pages = document.getElementById("pages");
    if (!next || !pages || !link.isConnected) return;
    const list = next.getElementById("list");
    if (list) {
      list.id = `list-${parts.length}`;
      list.dataset.keep = "";
      stay(list);
      pages.before(list);
      parts.push(Object.assign(part, { list }));
      say(`${list.children.length} more`);
      if (go) list.querySelector("a")?.focus();
    }
    const following = next.querySelector("a[data-more]");
    if (following) link.href = following.getAttribute("href");
    else link.remove();
    pages.dataset.keep = "";
    document.dispatchEvent(new Event("put"));
  } catch {
    // it is tried again when the end is reached again, or by hand
  } finally {
    loading = false;
    watch();
  }
}

async function read(part, unwanted) {
  const answer = await fetch(part.url, { headers: { Accept: "text/html", "If-None-Match": part.tag }, signal: unwanted });
  if (answer.status === 304) return null;
  if (!answer.ok) throw new Error(answer.statusText);
  const html = await answer.text();
  unwanted?.throwIfAborted();
  const next = new DOMParser().parseFromString(html, "text/html");
  part.tag = next.documentElement.dataset.tag;
  return next;
}

// stay has the forms of a list lead back to the page that it became a part of.
function stay(list) {
  for (const one of list.querySelectorAll("form[action], button[formaction]")) {
    const name = one.hasAttribute("action") ? "action" : "formaction";
    const url = new URL(one.getAttribute(name), location.href);
    if (url.searchParams.has("back")) url.searchParams.set("back", location.pathname + location.search);
    one.setAttribute(name, url.pathname + url.search);
  }
}

whileUsed(async unwanted => {
  for (const part of parts) {
    const { top, bottom } = part.list.getBoundingClientRect();
    if (bottom < 0 || top > innerHeight) continue;
    const next = await read(part, unwanted);
    if (!next) continue;
    const list = next.getElementById("list") ?? document.createElement("ul");
    stay(list);
    Idiomorph.morph(part.list, list.innerHTML, { morphStyle: "innerHTML" });
    document.dispatchEvent(new Event("put"));
  }
}, pause);

watch();
document.addEventListener("put", watch);
