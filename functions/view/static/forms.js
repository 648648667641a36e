// Forms are posted as without script, but the page stays: what came of it is put into place,
// and a problem is told beside the form, with all that was typed still in it.

import { afresh } from "./awake.js";
import { put, say } from "./page.js";

document.addEventListener("submit", async event => {
  const form = event.target, button = event.submitter;
  if ((button?.getAttribute("formmethod") ?? form.method) !== "post" || event.defaultPrevented) return;
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  let answer, html;
  try {
    const fields = new FormData(form, button);
    for (const field of form.querySelectorAll("[data-people=merge]")) {
      if (field.value && field.dataset.picked === field.value) fields.set("merge", "true"); // see suggest.js
    }
    if (button?.name) {
      fields.set(button.name, button.value); // instead of a field of that name
      fields.delete("ask"); // it is the answer
    }
    const body = form.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
    answer = await fetch(button?.getAttribute("formaction") ?? form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    html = await answer.text();
  } catch {
    problem(form, plain("It was not sent: Lineup cannot be reached. Try again in a moment."));
    return;
  } finally {
    form.ariaBusy = "false";
  }
  if (!answer.ok) {
    problem(form, new DOMParser().parseFromString(html, "text/html").querySelector(".problem") ?? plain("It was not done."));
    return;
  }
  const told = form.querySelector(":scope > .problem");
  if (told?.contains(document.activeElement)) document.getElementById("main").focus({ preventScroll: true });
  told?.remove();
  const next = new URL(answer.url);
  next.searchParams.delete("done");
  if (next.pathname !== location.pathname) {
    location.assign(answer.url);
    return;
  }
  const follows = following(form), was = meaning(button);
  form.reset();
  history.replaceState(null, "", next);
  close((button ?? form).closest("details"));
  put(html);
  afresh();
  const at = document.activeElement;
  if (at === button && meaning(button) !== was || !at.checkVisibility()) document.getElementById("notice").focus({ preventScroll: true });
  document.getElementById(follows)?.focus();
});

// meaning is what a button does: after its form it may stand for something else, which
// pressing once more must not do.
function meaning(button) {
  return button && `${button.formAction} ${button.textContent} ${button.form ? new FormData(button.form).getAll("change") : ""}`;
}

// close closes what was opened for a form that is done, and leaves the focus on what opens it again.
function close(opened) {
  if (!opened) return;
  if (opened.contains(document.activeElement)) opened.querySelector("summary").focus({ preventScroll: true });
  opened.open = false;
}

// following is the id of the field to go on with after a form that is one of many alike.
function following(form) {
  if (!("next" in form.dataset)) return "";
  const forms = [...document.querySelectorAll("form[data-next]")];
  return forms[forms.indexOf(form) + 1]?.querySelector("input[type=text]")?.id ?? "";
}

function problem(form, section) {
  form.querySelector(":scope > .problem")?.remove();
  if ("taken" in section.dataset) form.reset(); // the rest is done, and not to be sent again
  for (const way of section.querySelectorAll("form")) way.replaceWith(way.querySelector("button")); // of this form, with what is in it
  for (const button of section.querySelectorAll("button[name]")) button.formNoValidate = true;
  section.dataset.keep = "";
  section.setAttribute("role", "alert");
  form.append(section);
  say(section.textContent);
  section.tabIndex = -1; // not a button of it: what is typed on must choose nothing
  section.focus();
}

function plain(text) {
  const section = document.createElement("section");
  section.className = "problem";
  section.textContent = text;
  return section;
}
