// A box is drawn in the picture by dragging, while the form for a missing face is open.

const picture = () => document.getElementById("picture");
const details = () => document.getElementById("draw");
const svg = "http://www.w3.org/2000/svg";

let from = null;

addEventListener("pointerdown", event => {
  if (!details()?.open || !picture()?.contains(event.target) || event.button !== 0) return;
  event.preventDefault();
  picture().setPointerCapture(event.pointerId);
  from = place(event);
});

addEventListener("pointermove", event => {
  if (!from) return;
  const to = place(event);
  show(Math.min(from.x, to.x), Math.min(from.y, to.y), Math.abs(to.x - from.x), Math.abs(to.y - from.y));
});

addEventListener("pointerup", () => { from = null; });

addEventListener("input", event => {
  if (!details()?.contains(event.target)) return;
  const { x, y, width, height } = fields();
  if (width.value && height.value) show(+x.value, +y.value, +width.value, +height.value);
});

// place is where the pointer is, in percent of the picture.
function place(event) {
  const box = picture().getBoundingClientRect();
  const within = (value, size) => Math.min(100, Math.max(0, 100 * value / size));
  return { x: within(event.clientX - box.left, box.width), y: within(event.clientY - box.top, box.height) };
}

function fields() {
  return details().querySelector("form").elements;
}

function show(x, y, width, height) {
  for (const [name, value] of Object.entries({ x, y, width, height })) {
    if (document.activeElement !== fields()[name]) fields()[name].value = value.toFixed(2);
  }
  let rect = document.getElementById("drawn");
  if (!rect) {
    rect = document.createElementNS(svg, "rect");
    rect.id = "drawn";
    rect.dataset.keep = "";
    picture().querySelector("svg").append(rect);
  }
  for (const [name, value] of Object.entries({ x, y, width, height })) rect.setAttribute(name, `${value}%`);
}

for (const when of ["put", "toggle"]) {
  document.addEventListener(when, () => {
    if (!details()?.open) document.getElementById("drawn")?.remove();
  }, { capture: true });
}
