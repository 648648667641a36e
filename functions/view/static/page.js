// The server renders every page; scripts put what it rendered into the place of what is
// shown, and leave alone what somebody is at: focus, what was typed, what is open.

const noticeStays = 20_000;

// put shows the page of that HTML, and gives it.
export function put(html) {
  const next = new DOMParser().parseFromString(html, "text/html"), focused = document.activeElement;
  document.title = next.title;
  if (next.getElementById("done")) delete document.getElementById("done")?.dataset.since; // told anew
  for (const id of ["nav", "main"]) {
    Idiomorph.morph(document.getElementById(id), next.getElementById(id), { callbacks: { beforeNodeMorphed, beforeNodeRemoved, beforeAttributeUpdated } });
  }
  tellDone();
  if (!focused.isConnected) document.getElementById("main").focus({ preventScroll: true }); // what had the focus is gone
  document.dispatchEvent(new Event("put"));
  return next;
}

// tellDone tells what a form did, and from when on it needs to be shown no more.
function tellDone() {
  const notice = document.getElementById("done");
  if (!notice || notice.dataset.since) return;
  notice.dataset.since = Date.now();
  say(notice.dataset.text);
}

// say tells it to who does not see the page.
export function say(text) {
  document.getElementById("said").textContent = text;
}

function beforeNodeMorphed(old) {
  return !isChanged(old) && !("keep" in (old.dataset ?? {}));
}

function isChanged(field) {
  switch (field.type) {
    case "checkbox": case "radio": return field.checked !== field.defaultChecked;
    case "file": return field.files.length > 0;
    case "text": case "search": case "number": case "textarea": return field.value !== field.defaultValue;
  }
  return field.localName === "select" && field === document.activeElement;
}

function beforeNodeRemoved(node) {
  const kept = node.nodeType === Node.ELEMENT_NODE && "keep" in node.dataset;
  return !kept && !(node.id === "done" && (Date.now() - node.dataset.since < noticeStays || node.contains(document.activeElement)));
}

function beforeAttributeUpdated(name, element) {
  return !(name === "open" && ["details", "dialog"].includes(element.localName)) && !(name === "data-since");
}

// A page that a form led to is from now on like any other, and goes on telling what was done as long.
const here = new URL(location.href);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(null, "", here);
}
tellDone();
