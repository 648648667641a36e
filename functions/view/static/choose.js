// All pictures of a page are chosen at once, and by Shift all between two; how many are is told.

let last = null;

document.addEventListener("click", event => {
  if ("all" in event.target.dataset) {
    for (const box of boxes()) box.checked = true;
    tell();
  }
  const box = event.target.closest(".choose input");
  if (!box) return;
  const all = boxes(), [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const between of all.slice(from, to)) between.checked = box.checked;
  last = box;
});

document.addEventListener("change", tell);
document.addEventListener("reset", () => setTimeout(tell));
document.addEventListener("put", tell);

function boxes() {
  return [...document.querySelectorAll("#selected .choose input")];
}

function tell() {
  const place = document.getElementById("how-many");
  if (place) place.textContent = `${boxes().filter(box => box.checked).length} chosen:`;
}
