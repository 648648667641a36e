// Pictures that are chosen on the page for it, or dropped anywhere, are uploaded one by one,
// each with its progress, and with what was found in it as soon as that is known.

import { keep, now } from "./awake.js";
import { say } from "./page.js";

const atOnce = 3;
const waitForResult = 30; // seconds; a picture that takes longer is on the pictures' page
const tries = 8;
const ask = "/api/v1/images";

const writes = document.querySelector('a[href="/add"]') !== null;
const queue = [];
let running = 0, finished = 0, refused = 0, all = 0, list = null;

addEventListener("submit", event => {
  if (event.target.id !== "upload") return;
  event.preventDefault();
  const fields = [...event.target.querySelectorAll("input[type=file]")];
  add(fields.flatMap(field => [...field.files]));
  event.target.reset();
  if (all === 0) fields[0].focus();
}, { capture: true });

const dropTarget = event => event.target.closest?.("[data-drop]");

addEventListener("dragover", event => {
  if (!writes || !event.dataTransfer.types.includes("Files") || dropTarget(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", event => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
addEventListener("drop", async event => {
  document.body.classList.remove("dropping");
  if (!writes || event.defaultPrevented || dropTarget(event)) return;
  event.preventDefault();
  const entries = [...event.dataTransfer.items].map(item => item.webkitGetAsEntry()).filter(Boolean);
  for (const entry of entries) add(await filesOf(entry));
});

addEventListener("beforeunload", event => { if (running + queue.length > 0) event.preventDefault(); });

// filesOf are the files of a dropped file or folder, and of all folders in it. What cannot be
// read is among them by its name alone, so that it stops no other.
async function filesOf(entry) {
  const files = [];
  try {
    if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return files;
      for (const inner of some) files.push(...await filesOf(inner));
    }
  } catch {
    return [...files, { name: entry.name }];
  }
}

function add(files) {
  for (const file of files) {
    if (file.name.startsWith(".")) continue;
    all++;
    queue.push({ file, row: rowOf(file) });
  }
  tellAll();
  while (running < atOnce && queue.length > 0) work();
}

async function work() {
  running++;
  while (queue.length > 0) {
    const { file, row } = queue.shift();
    try {
      await send(file, row);
    } catch (error) {
      row.tell(error.message, "failed");
      refused++;
    }
    finished++;
    tellAll();
    now();
  }
  running--;
  if (running === 0) say(uploaded());
}

// send uploads a file and tells what came of it. What is asked to come later comes later.
async function send(file, row) {
  if (!(file instanceof File)) throw new Error("It cannot be read");
  for (let tried = 1; ; tried++) {
    const answer = await post(file, row);
    if ((answer.status === 429 || answer.status === 503) && tried < tries) {
      row.tell("Waits for its turn");
      await new Promise(resolve => setTimeout(resolve, 1000 * (Number(answer.retryAfter) || tried)));
      continue;
    }
    const body = answer.body ?? {};
    if (answer.status >= 400) throw new Error(sentence(body.files?.[0].error ?? body.detail ?? "it was not uploaded"));
    const [image] = body.images;
    row.link(`/images/${image.id}`);
    row.tell(...result(image));
    return;
  }
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function result(image) {
  const seen = image.warning ? " (not seen whole)" : ""; // as the table says it
  switch (image.status) {
    case "identified": return [namesIn(image) + seen, "identified"];
    case "unknown": return [(image.faces?.length ? "Nobody known" : "No face found") + seen, "unknown"];
    case "failed": return [sentence(image.reason || "failed"), "failed"];
  }
  return ["Waits to be looked at", "pending"];
}

function namesIn(image) {
  const names = (image.faces ?? []).map(face => face.person?.name).filter(Boolean);
  const all = [...new Set(names.length ? names : [image.person?.name])];
  return all.length > 1 ? all.map(name => `\u2068${name}\u2069`).join(", ") : all[0]; // each in its own direction
}

function post(file, row) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(), body = new FormData();
    body.append("image", file);
    request.open("POST", ask);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Prefer", `wait=${waitForResult}`);
    request.upload.onprogress = event => { keep(); if (event.lengthComputable) row.progress(event.loaded / event.total); };
    request.upload.onload = () => row.tell("Is looked at", "processing");
    request.onload = () => {
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch { /* a proxy's page */ }
      resolve({ status: request.status, retryAfter: request.getResponseHeader("Retry-After"), body: answer });
    };
    request.onerror = () => reject(new Error("Lineup cannot be reached: choose it once more"));
    request.send(body);
  });
}

// rowOf is the row of a file in the list of uploads, which is beside the page's own content
// and stays while that follows what is so.
function rowOf(file) {
  const item = document.createElement("li"), name = document.createElement("span"), state = document.createElement("span"), bar = document.createElement("progress");
  name.className = "path";
  name.textContent = file.name;
  state.className = "quiet";
  state.textContent = "Waits for its turn";
  bar.max = 1;
  bar.hidden = true;
  bar.setAttribute("aria-label", file.name);
  item.append(name, bar, state);
  ofUploads().append(item);
  return {
    progress(share) { bar.hidden = false; bar.value = share; },
    tell(text, status) {
      bar.hidden = true;
      state.textContent = text;
      state.className = status ? `badge ${status}` : "quiet";
    },
    link(url) {
      const link = document.createElement("a");
      link.href = url;
      link.textContent = name.textContent;
      name.replaceChildren(link);
    },
  };
}

function ofUploads() {
  if (!list) {
    const section = document.createElement("section"), heading = document.createElement("h2");
    section.id = "uploads";
    section.className = "wide";
    heading.id = "uploaded";
    list = document.createElement("ul");
    section.setAttribute("aria-labelledby", heading.id);
    section.append(heading, list);
    document.getElementById("main").before(section);
  }
  return list;
}

function tellAll() {
  if (list) document.getElementById("uploaded").textContent = finished < all ? `Uploading: ${finished} of ${all}` : uploaded();
}

function uploaded() {
  return `${finished - refused} uploaded${refused ? `, ${refused} not` : ""}`;
}
