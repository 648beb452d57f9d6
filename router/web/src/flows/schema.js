// Finds in a JSON Schema what may stand at a place: enough of it for the schemas of flows and their pieces.

export function lookUp(schema) {
  function resolved(node) {
    for (let hops = 0; node?.$ref && hops < 10; hops++) {
      const { $ref, ...beside } = node;
      node = { ...$ref.slice(2).split("/").reduce((part, name) => part?.[name], schema), ...beside };
    }
    return node;
  }

  // The alternatives that `node` stands for. Of several kinds of step the one named by `type` counts.
  function alternatives(node, type) {
    const whole = resolved(node);
    if (!whole) return [];
    const several = whole.oneOf ?? whole.anyOf;
    if (!several) return [whole];
    const all = several.flatMap((each) => alternatives(each, type).map((found) => ({ description: whole.description, ...found })));
    const named = all.filter((each) => each.properties?.type?.const === type);
    return type !== undefined && named.length ? named : all;
  }

  function under(node, key) {
    if (node.properties && key in node.properties) return node.properties[key];
    for (const [pattern, value] of Object.entries(node.patternProperties ?? {})) {
      if (new RegExp(pattern, "u").test(key)) return value;
    }
    if (node.items) return node.items;
    return typeof node.additionalProperties === "object" ? node.additionalProperties : null;
  }

  return {
    // The alternatives at a path of keys; `types` has the `type` written at each depth, if any.
    at(path, types = []) {
      let nodes = alternatives(schema, types[0]);
      path.forEach((key, depth) => {
        nodes = nodes.flatMap((node) => {
          let found = under(node, key);
          // An item of a list has no key of its own in a path of keys.
          if (!found && node.items) found = alternatives(node.items).map((item) => under(item, key)).find(Boolean);
          return found ? alternatives(found, types[depth + 1]).map((each) => ({ ...each, about: found.description ?? each.description })) : [];
        });
      });
      return nodes.flatMap((node) => (node.type === "array" && node.items ? [node, ...alternatives(node.items)] : [node]));
    },

    // Fields that may stand below: name, what is said of it, whether it has to be there, and whether more goes under it.
    fields(nodes) {
      const found = new Map();
      for (const node of nodes) {
        for (const [name, value] of Object.entries(node.properties ?? {})) {
          if (found.has(name)) continue;
          const kinds = alternatives(value);
          const deep = kinds.every((kind) => ["object", "array"].includes(kind.type) || kind.properties);
          found.set(name, {
            about: value.description ?? kinds[0]?.description ?? "",
            needed: (node.required ?? []).includes(name),
            deep,
            value: kinds.find((kind) => kind.default !== undefined)?.default ?? value.default,
          });
        }
      }
      return found;
    },

    // Values that may stand here, with what is said of each.
    values(nodes) {
      const found = new Map();
      for (const node of nodes) {
        const all = [...(node.enum ?? []), ...(node.const !== undefined ? [node.const] : [])];
        if (node.type === "boolean") all.push(true, false);
        for (const value of all) found.set(String(value), node.enum ? "" : (node.about ?? node.description ?? ""));
      }
      return found;
    },

    // The types of steps, where steps stand: name and what is said of it.
    types(nodes) {
      return new Map(
        nodes.flatMap((node) => (node.properties?.type?.const ? [[node.properties.type.const, node.description ?? ""]] : [])),
      );
    },
  };
}
