// Arrow keys go to the next picture, / to the search, N to the name of the next face or stranger
// without one; a button can have a key of its own.

const names = "form[data-next] input[type=text]";

let named = null; // the field of these that had the focus last

addEventListener("focusin", event => { if (event.target.matches(names)) named = event.target; });

addEventListener("keydown", event => {
  if (event.key === "Escape" && event.target === named) named.blur(); // for keys to be keys again
  if (event.altKey || event.ctrlKey || event.metaKey || (event.shiftKey && event.key !== "/") || event.target.closest("input, select, textarea, [contenteditable]")) return;
  const link = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (link) document.querySelector(`a[rel=${link}]`)?.click();
  const letter = event.key.toLowerCase(); // whatever Caps Lock makes of it
  const button = /^[a-z]$/.test(letter) && document.querySelector(`button[data-key=${letter}]`);
  if (button && !event.repeat) button.click();
  if (letter === "n" && !button) {
    const fields = [...document.querySelectorAll(names)];
    (fields[fields.indexOf(named) + 1] ?? fields[0])?.focus();
    event.preventDefault(); // it is no letter of the name
  }
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("[role=search] input").focus();
  }
});
