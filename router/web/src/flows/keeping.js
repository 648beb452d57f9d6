// Unsaved text in the browser's own memory, so that no reload, crash or ended session costs any of it.

export function makeKeeping(person, path) {
  const key = `threadline flow ${person} ${path}`;
  const window_ = Math.random().toString(36).slice(2);

  return {
    // What was kept and not saved: `{ text, base, at }`, or null.
    kept() {
      try {
        const found = JSON.parse(localStorage.getItem(key) ?? "null");
        return typeof found?.text === "string" && typeof found.base === "object" ? found : null;
      } catch {
        return null;
      }
    },
    // Whether it is kept; a browser may have no memory or none left.
    keep(text, base) {
      try {
        localStorage.setItem(key, JSON.stringify({ text, base, at: new Date().toISOString(), window: window_ }));
        return true;
      } catch {
        return false;
      }
    },
    drop() {
      try {
        localStorage.removeItem(key);
      } catch {
        // without a memory there is nothing to take out of it
      }
    },
    // Another window of this browser keeps a text of the same file.
    elsewhere(told) {
      addEventListener("storage", (event) => {
        if (event.key === key && event.newValue && JSON.parse(event.newValue).window !== window_) told();
      });
    },
  };
}
