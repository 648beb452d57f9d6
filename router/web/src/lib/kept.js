// What somebody typed on a call's card, kept in this tab only (sessionStorage): by person, call and field.

const PREFIX = "kept:";

const nameOf = (person, card) => `${PREFIX}${person}:${card}`;

export function keptOf(person, card) {
  try {
    return JSON.parse(sessionStorage.getItem(nameOf(person, card)) ?? "{}");
  } catch {
    return {};
  }
}

// Where there is no room left the field itself still has what was typed.
export function keep(person, card, fields) {
  try {
    if (Object.keys(fields).length) sessionStorage.setItem(nameOf(person, card), JSON.stringify(fields));
    else sessionStorage.removeItem(nameOf(person, card));
  } catch {
    // full, or not allowed
  }
}

// Removes what is kept of all cards but these of this person; without a person everything.
export function keepOnly(person, cards = null) {
  const staying = (name) => person && (cards ? cards.some((card) => name === nameOf(person, card)) : name.startsWith(nameOf(person, "")));
  const names = Array.from({ length: sessionStorage.length }, (_, index) => sessionStorage.key(index));
  for (const name of names) if (name.startsWith(PREFIX) && !staying(name)) sessionStorage.removeItem(name);
}
