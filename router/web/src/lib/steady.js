// Changes the page without moving the field somebody types in.

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, [contenteditable]";

export const isTyping = () => document.activeElement?.matches(TYPING) ?? false;

export function steady(change) {
  const field = isTyping() ? document.activeElement : null;
  const before = field?.getBoundingClientRect().top;
  const selection = field && "selectionStart" in field ? [field.selectionStart, field.selectionEnd] : null;
  change();
  if (!field?.isConnected) return;
  if (document.activeElement !== field) {
    field.focus({ preventScroll: true });
    if (selection?.[0] !== null && selection) field.setSelectionRange(...selection);
  }
  const moved = field.getBoundingClientRect().top - before;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}
