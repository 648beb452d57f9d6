// Where something stands in a flow's YAML, told from indentation alone: while one writes, the text is seldom whole, and
// what stands above a line by indentation is then still right.

const LINE = /^(\s*)((?:- )*)(?:("[^"]*"|'[^']*'|[^\s#:"'{[][^:#]*?)\s*:(?=\s|$)\s*)?(.*)$/;

// What a line says: its indentation, its key if it has one, and what follows.
export function read(text) {
  const [, blank, dashes, key, value] = LINE.exec(text);
  return {
    indent: blank.length + dashes.length,
    item: dashes !== "",
    key: key?.replace(/^(["'])(.*)\1$/, "$2"),
    value: value.trim(),
    keyFrom: blank.length + dashes.length,
    keyTo: blank.length + dashes.length + (key?.length ?? 0),
    empty: /^\s*(#.*)?$/.test(text),
  };
}

// The keys above `lineNumber` for something that stands at `indent`: ["steps", "greet"] within a step.
export function keysAbove(doc, lineNumber, indent) {
  const keys = [];
  let below = indent;
  for (let number = lineNumber - 1; number > 0 && below > 0; number--) {
    const line = read(doc.line(number).text);
    if (line.empty || line.indent >= below) continue;
    if (line.key !== undefined) {
      keys.unshift({ key: line.key, line: number, indent: line.indent });
      below = line.indent;
    }
  }
  return keys;
}

// Keys and values that stand beside something at `indent` under the line `parent` (0: at the top).
export function beside(doc, parent, indent) {
  const found = new Map();
  for (let number = parent + 1; number <= doc.lines; number++) {
    const line = read(doc.line(number).text);
    if (line.empty) continue;
    if (line.indent < indent) break;
    if (line.indent === indent && line.key !== undefined) found.set(line.key, line.value);
  }
  return found;
}

// The step the cursor is in, or null; `{ name, line }`.
export function stepAt(doc, position) {
  const { number, text } = doc.lineAt(position);
  const line = read(text);
  const own = line.key === undefined || line.empty ? [] : [{ key: line.key, line: number, indent: line.indent }];
  const keys = [...keysAbove(doc, number, line.empty ? Math.max(line.indent, 1) : line.indent), ...own];
  return keys[0]?.key === "steps" && keys.length > 1 ? { name: keys[1].key, line: keys[1].line } : null;
}

// The line where the step `name` begins, or null.
export function lineOfStep(doc, name) {
  let inSteps = false;
  let indent = null;
  for (let number = 1; number <= doc.lines; number++) {
    const line = read(doc.line(number).text);
    if (line.empty) continue;
    if (line.indent === 0) inSteps = line.key === "steps";
    else if (inSteps) {
      indent ??= line.indent;
      if (line.indent === indent && line.key === name) return number;
    }
  }
  return null;
}
