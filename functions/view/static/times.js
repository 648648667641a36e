// How long ago something was goes on being true while the page is open. The server says it
// in the same words (ago in summary.go), so that nothing moves.

const day = 86_400, units = [["day", day], ["h", 3_600], ["min", 60]];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function tell() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const text = ago(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = exactly(new Date(time.dateTime));
  }
}

function ago(at) {
  const seconds = (Date.now() - at) / 1000, span = Math.abs(seconds);
  if (span >= 7 * day) return `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
  for (const [unit, size] of units) {
    const n = Math.floor(span / size);
    if (n === 0) continue;
    const text = `${n} ${unit}${unit === "day" && n > 1 ? "s" : ""}`;
    return seconds < 0 ? `in ${text}` : `${text} ago`;
  }
  return "just now";
}

// exactly is in the words of utc in page.go.
function exactly(at) {
  return `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${at.toISOString().slice(11, 19)} UTC`;
}

tell();
document.addEventListener("put", tell);
setInterval(() => { if (!document.hidden) tell(); }, 20_000);
