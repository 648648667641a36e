// Photos that are dropped on a form for photos are its photos; one that needs nothing else is sent.

const zone = event => event.target.closest?.("form[data-drop]");

addEventListener("dragover", event => {
  const form = zone(event);
  if (!form || !event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  form.classList.add("over");
});

addEventListener("dragleave", event => zone(event)?.classList.remove("over"));

addEventListener("drop", event => {
  const form = zone(event);
  if (!form) return;
  event.preventDefault();
  form.classList.remove("over");
  const field = form.querySelector("input[type=file]");
  field.files = event.dataTransfer.files;
  if (form.dataset.drop === "send" && field.files.length > 0) form.requestSubmit();
  else form.querySelector("input:invalid")?.focus();
});
