// How long ago something was goes on being true while the page is open. The server says it
// in the same words (ago in summary.go), so that nothing moves.

const units = [["year", 31_557_600], ["month", 2_629_800], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });

function tell() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const text = ago((Date.parse(time.dateTime) - Date.now()) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}

function ago(seconds) {
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

tell();
document.addEventListener("put", tell);
setInterval(() => { if (!document.hidden) tell(); }, 20_000);
