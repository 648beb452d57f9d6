// What may be written at the cursor: fields, kinds of steps and values from the schema, and names from the flow itself;
// and what a field means when the mouse rests on it.
import { beside, keysAbove, read } from "./place.js";

const LISTED = { hours: ["during"], queues: ["queue", "default_queue"], flows: ["flow"], webhooks: ["webhook"] };
const LANGUAGE_FIELDS = ["language", "languages", "language_by_prefix"];
const FORMULA_FIELDS = ["if", "values", "priority", "send"];

// `known()` gives the schema looked up in, names of the text by kind, the variables of formulas, and what the settings name.
export function completions(known) {
  return (context) => {
    const { state, pos } = context;
    const line = state.doc.lineAt(pos);
    const before = line.text.slice(0, pos - line.from);
    if (/(^|\s)#/.test(before)) return null;
    const word = context.matchBefore(/[\w.*+-]*$/);
    const place = placeOf(state.doc, line, before);
    const options = optionsAt(place, known(), before);
    if (!options.length || (!context.explicit && !word.text && !place.afterColon)) return null;
    return { from: pos - place.typed.length, options, validFor: /^[\w.*+-]*$/ };
  };
}

function placeOf(doc, line, before) {
  const read_ = read(before);
  const value = read_.key !== undefined;
  const above = keysAbove(doc, line.number, read_.indent);
  const path = above.map(({ key }) => key);
  const types = [undefined, ...above.map(({ line: number }, depth) => typeBelow(doc, number, above[depth + 1]?.indent ?? read_.indent))];
  const typed = /[\w.*+-]*$/.exec(before)[0];
  const parent = above.at(-1)?.line ?? 0;
  return { doc, path, types, key: value ? read_.key : null, typed, parent, indent: read_.indent, item: read_.item, afterColon: /:\s$/.test(before) };
}

function typeBelow(doc, parent, indent) {
  return beside(doc, parent, indent).get("type")?.replace(/^["']|["']$/g, "");
}

function optionsAt(place, { schema, names: own, variables, queues, webhooks }, before) {
  if (!schema) return [];
  const names = { ...own, webhooks, queues: [...own.queues, ...queues] };
  const inBraces = /\{[\w.]*$/.test(before);
  if (place.key === null && !place.item && !inBraces) return keyOptions(place, schema, names);
  const path = place.key === null ? place.path : [...place.path, place.key];
  if (inBraces || place.path.some((key) => FORMULA_FIELDS.includes(key)) || FORMULA_FIELDS.includes(place.key)) return formulaOptions(variables, names);
  return valueOptions(schema.at(path, place.types), place, schema, names);
}

function keyOptions(place, schema, names) {
  const nodes = schema.at(place.path, place.types);
  const there = beside(place.doc, place.parent, place.indent);
  const fields = [...schema.fields(nodes)]
    .filter(([name]) => !there.has(name) || name === place.typed)
    .map(([name, { about, needed, deep }]) => ({
      label: name,
      type: "property",
      apply: deep ? `${name}:` : `${name}: `,
      info: plain(about) || undefined,
      boost: needed ? 2 : name === "note" ? -2 : 0,
    }));
  const words = nodes.some(isWords) ? names.languages.map((name) => ({ label: name, type: "constant", apply: `${name}: `, boost: 3 })) : [];
  return unique([...words, ...fields]);
}

function valueOptions(nodes, place, schema, names) {
  const options = [];
  if (place.key === "type") {
    const steps = schema.types(schema.at(place.path, []));
    return [...steps].map(([name, about]) => ({ label: name, type: "class", info: plain(about) }));
  }
  for (const [value, about] of schema.values(nodes)) options.push({ label: value, type: "constant", info: plain(about) || undefined });
  if (place.key === "start" || nodes.some((node) => isStep(node))) {
    options.push(...names.steps.map(({ name, type }) => ({ label: name, type: "function", detail: type })));
  }
  if (nodes.some(isWords)) options.push(...names.prompts.map((name) => ({ label: name, type: "text" })));
  for (const [kind, keys] of Object.entries(LISTED)) {
    if (keys.includes(place.key)) options.push(...names[kind].map((name) => ({ label: name, type: "variable" })));
  }
  if (LANGUAGE_FIELDS.includes(place.key) || LANGUAGE_FIELDS.includes(place.path.at(-1))) {
    options.push(...names.languages.map((name) => ({ label: name, type: "constant" })));
  }
  return unique(options);
}

function unique(options) {
  return options.filter((option, index) => options.findIndex(({ label }) => label === option.label) === index);
}

function formulaOptions(variables, names) {
  return [
    ...variables.map(({ path, meaning }) => ({ label: path, type: "variable", info: plain(meaning) })),
    ...names.inputs.map((name) => ({ label: `inputs.${name}`, type: "variable" })),
    ...names.values.map((name) => ({ label: `vars.${name}`, type: "variable" })),
    ...names.steps.map(({ name }) => ({ label: `visits.${name}`, type: "variable", boost: -3 })),
  ];
}

function isWords(node) {
  return node.title === "Words" || Boolean(node.properties?.recording);
}

function isStep(node) {
  return /^(the )?step( |$)/.test(node.about ?? "") || /^(the )?step( |$)/.test(node.description ?? "");
}

// Descriptions are written for the documents; their backticks are of no use here.
function plain(text) {
  return (text ?? "").replace(/`+/g, "").trim();
}

// What is known of the word at `position`: `{ from, to, title, text }`, or null.
export function meaningAt(doc, position, { schema, names }) {
  const line = doc.lineAt(position);
  const { key, keyFrom, keyTo, indent } = read(line.text);
  const column = position - line.from;
  if (key !== undefined && column >= keyFrom && column <= keyTo) {
    const above = keysAbove(doc, line.number, indent);
    const types = [undefined, ...above.map(({ line: number }, depth) => typeBelow(doc, number, above[depth + 1]?.indent ?? indent))];
    const found = schema?.fields(schema.at(above.map((each) => each.key), types)).get(key);
    const about = plain(found?.about);
    return about ? { from: line.from + keyFrom, to: line.from + keyTo, title: key, text: about } : null;
  }
  const word = wordAround(line.text, column);
  if (!word) return null;
  const step = names.steps.find(({ name }) => name === word.text);
  if (key === "type") {
    const about = schema?.types(schema.at(["steps", "x"], [])).get(word.text);
    return about ? { from: line.from + word.from, to: line.from + word.to, title: word.text, text: plain(about) } : null;
  }
  return step && key !== undefined ? { from: line.from + word.from, to: line.from + word.to, title: step.name, text: `${step.type} (${step.line})` } : null;
}

function wordAround(text, column) {
  for (const found of text.matchAll(/\w+/g)) {
    if (found.index <= column && column <= found.index + found[0].length) return { from: found.index, to: found.index + found[0].length, text: found[0] };
  }
  return null;
}
