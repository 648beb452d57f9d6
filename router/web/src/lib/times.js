// Times in the reader's zone and language, and spans as people say them.

const language = document.documentElement.lang;
const formats = {
  datetime: new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }),
  date: new Intl.DateTimeFormat(language, { dateStyle: "medium" }),
  time: new Intl.DateTimeFormat(language, { timeStyle: "medium" }),
};

export function clockTime(date) {
  return formats.time.format(date);
}

// Every <time data-show> below `root`.
export function showTimes(root) {
  for (const element of root.querySelectorAll("time[data-show]")) {
    const format = formats[element.dataset.show] ?? formats.datetime;
    element.textContent = format.format(new Date(element.dateTime));
  }
}

// A span of milliseconds: "2 days 3 h", "3 h 12 min", "4:07 min", "12 s"; `texts` has days, day, hours, minutes, seconds.
export function span(milliseconds, texts) {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const say = (key, n) => texts[key].replace("{n}", n);
  const daysText = days === 1 ? texts.day : say("days", days);
  if (days) return hours && days < 7 ? `${daysText} ${say("hours", hours)}` : daysText;
  if (hours) return minutes ? `${say("hours", hours)} ${say("minutes", minutes)}` : say("hours", hours);
  if (minutes) return say("minutes", `${minutes}:${String(seconds % 60).padStart(2, "0")}`);
  return say("seconds", seconds);
}
