// Names of people are suggested while one is typed.

const most = 8;
const list = document.createElement("datalist");
list.id = "people";
document.body.append(list);

let asked = "";

addEventListener("input", async event => {
  const field = event.target;
  if (!("people" in field.dataset)) return;
  field.setAttribute("list", list.id);
  field.dataset.picked = isPicked(event) ? field.value : "";
  const text = field.value.trim();
  if (text === "" || text === asked) return;
  asked = text;
  const answer = await fetch(`/api/v1/people?named=true&limit=${most}&q=${encodeURIComponent(text)}`).catch(() => null);
  if (!answer?.ok || asked !== text) return;
  const { items } = await answer.json();
  list.replaceChildren(...items.map(({ name }) => new Option(name, name)));
});

// isPicked tells that a suggestion was chosen: whoever chooses somebody there is means them, and is not asked whether.
function isPicked(event) {
  return !("inputType" in event) || event.inputType === "insertReplacementText";
}
