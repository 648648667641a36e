// Arrow keys go to the next picture, / to the search.

addEventListener("keydown", event => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("input, select, textarea, [contenteditable]")) return;
  const link = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (link) document.querySelector(`a[rel=${link}]`)?.click();
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("[role=search] input").focus();
  }
});
