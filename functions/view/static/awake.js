// A tab that is hidden, or that nobody has used for two minutes, asks for nothing: so it
// keeps no function awake. Whoever comes back to it sees what is new at once.

const usedFor = 120_000;
const slowest = 30_000;

let lastUsed = Date.now();
const tasks = [];

// whileUsed does the task so many milliseconds after it was done last, as long as the tab is
// in use; for the first time after so many. A task that throws is tried again less and less often.
export function whileUsed(task, pause, first = pause) {
  const one = { task, pause, failed: 0, timer: 0, running: false };
  tasks.push(one);
  one.timer = setTimeout(run, first, one);
}

// now does all tasks at once.
export function now() {
  lastUsed = Date.now();
  for (const one of tasks) {
    clearTimeout(one.timer);
    run(one);
  }
}

// keep tells that the tab is in use although nobody touches it: while it uploads.
export function keep() {
  lastUsed = Date.now();
}

async function run(one) {
  one.timer = 0;
  if (one.running || !inUse()) return;
  one.running = true;
  try {
    await one.task();
    one.failed = 0;
  } catch {
    one.failed++;
  }
  one.running = false;
  if (inUse()) one.timer = setTimeout(run, Math.min(one.pause * 2 ** one.failed, slowest), one);
}

function inUse() {
  return !document.hidden && Date.now() - lastUsed < usedFor;
}

function used() {
  lastUsed = Date.now();
  for (const one of tasks) if (!one.timer && !one.running) run(one);
}

for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "focus"]) {
  addEventListener(kind, used, { passive: true, capture: true });
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) now(); });
addEventListener("online", now);
