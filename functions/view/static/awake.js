// A tab that is hidden, or that nobody has used for two minutes, asks for nothing: so it
// keeps no function awake. Whoever comes back to it sees what is new at once. Until then a page
// is asked for as often as at first, as what another tab changed is to be seen within three
// seconds; what may come later is asked for less and less often while nothing happens.

const usedFor = 120_000;
const slowest = 30_000;

let lastUsed = Date.now();
const tasks = [];

// whileUsed does the task so many milliseconds after it was done last, as long as the tab is
// in use; for the first time after so many. A task that throws is tried again less and less
// often, and one that tells by false that nothing is new is done less and less often until the
// pause is as long as calm. What it gives has it done as often as at first again. The task is
// given a signal that it is not wanted any more: what it learned since may be shown no more.
export function whileUsed(task, pause, first = pause, calm = pause) {
  const one = { task, pause, calm, failed: 0, quiet: 0, timer: 0, running: null };
  tasks.push(one);
  one.timer = setTimeout(run, first, one);
  return () => {
    if (one.quiet === 0) return;
    one.quiet = 0;
    if (!one.timer) return;
    clearTimeout(one.timer);
    one.timer = setTimeout(run, pause, one);
  };
}

// afresh does all tasks at once, also those that are under way: they may tell what was so
// before the page changed something.
export function afresh() {
  for (const one of tasks) {
    one.running?.abort();
    one.running = null;
  }
  now();
}

// now does all tasks at once.
export function now() {
  lastUsed = Date.now();
  for (const one of tasks) {
    clearTimeout(one.timer);
    one.quiet = 0;
    run(one);
  }
}

// keep tells that the tab is in use although nobody touches it: while it uploads.
export function keep() {
  lastUsed = Date.now();
}

async function run(one) {
  one.timer = 0;
  if (one.running) return;
  if (!inUse()) {
    if (!document.hidden) document.dispatchEvent(new Event("paused"));
    return;
  }
  const running = one.running = new AbortController();
  let isNew, failed = false;
  try {
    isNew = await one.task(running.signal);
  } catch {
    failed = true;
  }
  if (one.running !== running) return;
  one.running = null;
  one.failed = failed ? one.failed + 1 : 0;
  if (!failed) one.quiet = isNew === false ? one.quiet + 1 : 0;
  const pause = one.failed > 0 ? Math.min(one.pause * 2 ** one.failed, slowest) : Math.min(one.pause * 2 ** one.quiet, one.calm);
  one.timer = setTimeout(run, pause, one);
}

function inUse() {
  return !document.hidden && Date.now() - lastUsed < usedFor;
}

function used() {
  lastUsed = Date.now();
  for (const one of tasks) {
    if (one.timer || one.running) continue;
    one.quiet = 0;
    run(one);
  }
}

for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "focus"]) {
  addEventListener(kind, used, { passive: true, capture: true });
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) now(); });
addEventListener("online", now);
