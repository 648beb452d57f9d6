// Small things the editor's parts share: making elements, filling texts, saying who and when.

const language = document.documentElement.lang;
const moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

export const at = (id) => document.getElementById(id);

// An element with a text or with what is in it; `more` are properties, `data` and `aria` attributes among them.
export function make(name, content = [], more = {}) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(more)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...(Array.isArray(content) ? content : [content]));
  return element;
}

export function button(text, act, className = "") {
  const made = make("button", text, { type: "button", className });
  made.addEventListener("click", act);
  return made;
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function moment(time) {
  return moments.format(new Date(time));
}

// Who made a draft or release, as the end of a sentence: "by Robin Muster", "by you", "from the folder", "in the terminal".
export function by({ who, person, origin }, me, texts) {
  if (who === null) return origin === "folder" ? texts.from_folder : texts.in_terminal;
  return person === me ? texts.by_you : fill(texts.by, { who });
}
