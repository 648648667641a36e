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
  const text = field.value.trim();
  if (text === "" || text === asked) return;
  asked = text;
  const answer = await fetch(`/api/v1/people?named=true&limit=${most}&q=${encodeURIComponent(text)}`).catch(() => null);
  if (!answer?.ok || asked !== text) return;
  const { items } = await answer.json();
  list.replaceChildren(...items.map(({ name }) => new Option(name, name)));
});
