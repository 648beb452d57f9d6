// Brings what stands on the page to what the server says now, and touches only what differs: whoever types, has
// something open or listens to something stays undisturbed. What people put into a field is theirs: the server's values
// are defaults. A script's own additions are marked with data-own; they stay as long as their parent does.

const KEYS = ["data-card", "data-of", "data-keep", "data-desk", "data-act", "data-verdict", "data-message", "data-presence", "name"];
const THEIRS = new Set(["open", "aria-invalid", "aria-describedby"]); // attributes that people and scripts put there

// Makes the children of `old` those of `fresh`, which is used up.
export function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  const partners = partnersOf([...old.childNodes].filter((node) => !isOwn(node)), wanted);
  const staying = new Set(partners.values());
  for (const node of [...old.childNodes]) if (!staying.has(node) && !isOwn(node)) node.remove();
  let place = old.firstChild;
  for (const each of wanted) {
    while (place && isOwn(place)) place = place.nextSibling;
    const partner = partners.get(each);
    if (!partner) {
      old.insertBefore(each, place);
      continue;
    }
    if (partner === place) place = place.nextSibling;
    else old.insertBefore(partner, place);
    morph(partner, each);
  }
}

// Makes `old` what `fresh` is; both are of one kind.
export function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.isEqualNode(fresh)) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !THEIRS.has(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  }
  if (!isOwn(old)) morphChildren(old, fresh);
}

// Which old node becomes which new one: the one with the same key, an equal one, else the next of its kind.
function partnersOf(old, wanted) {
  const free = new Set(old);
  const partners = new Map();
  const pair = (fits) => {
    for (const each of wanted) {
      if (partners.has(each)) continue;
      for (const node of free) {
        if (!fits(node, each)) continue;
        partners.set(each, node);
        free.delete(node);
        break;
      }
    }
  };
  pair((node, each) => keyOf(each) !== "" && keyOf(node) === keyOf(each) && node.nodeName === each.nodeName);
  pair((node, each) => keyOf(each) === "" && node.isEqualNode(each));
  pair((node, each) => keyOf(each) === "" && keyOf(node) === "" && alike(node, each));
  return partners;
}

const isOwn = (node) => node.nodeType === Node.ELEMENT_NODE && node.hasAttribute("data-own");

function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return "";
  if (node.id) return `#${node.id}`;
  const parts = KEYS.filter((name) => node.hasAttribute(name)).map((name) => `${name}=${node.getAttribute(name)}`);
  if (parts.length && node.type === "radio") parts.push(node.value);
  return parts.join(" ");
}

function alike(node, other) {
  return node.nodeName === other.nodeName && (node.className ?? "") === (other.className ?? "");
}
