// Arrow keys go to the next picture, / to the search; a button can have a key of its own.

addEventListener("keydown", event => {
  if (event.altKey || event.ctrlKey || event.metaKey || (event.shiftKey && event.key !== "/") || event.target.closest("input, select, textarea, [contenteditable]")) return;
  const link = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (link) document.querySelector(`a[rel=${link}]`)?.click();
  const letter = event.key.toLowerCase(); // whatever Caps Lock makes of it
  if (!event.repeat && /^[a-z]$/.test(letter)) document.querySelector(`button[data-key=${letter}]`)?.click();
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("[role=search] input").focus();
  }
});
