// The graph beside the text: follows the cursor, and leads the cursor to a step. While the text is broken it stays as it
// was when the text was right, and says so.

export function makeGraph({ host, note, texts, chosen }) {
  let current = null;
  const painted = new Map(); // names of steps by class

  host.addEventListener("click", (event) => choose(event.target.closest("[data-step]")));
  // One stop for Tab; arrows lead from step to step.
  host.addEventListener("keydown", (event) => {
    const step = event.target.closest("[data-step]");
    const all = [...steps()];
    const way = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step || !(way || event.key === "Enter" || event.key === " ")) return;
    event.preventDefault();
    if (way) stop(all[(all.indexOf(step) + way + all.length) % all.length]).focus();
    else choose(step);
  });

  function choose(step) {
    if (step) chosen(step.dataset.step);
  }

  function steps() {
    return host.querySelectorAll("[data-step]");
  }

  function begin() {
    return host.querySelector(".begin") ?? steps()[0];
  }

  function mark(name, className, on) {
    const step = [...steps()].find((each) => each.dataset.step === name);
    step?.classList.toggle(className, on);
    return step;
  }

  function stop(step) {
    for (const each of steps()) each.setAttribute("tabindex", each === step ? "0" : "-1");
    return step;
  }

  function wire() {
    host.querySelector("svg")?.setAttribute("role", "group"); // an image would hide its steps from screen readers
    for (const step of steps()) {
      step.setAttribute("role", "button");
      step.setAttribute("aria-description", texts.go_to_step.replace("{step}", step.dataset.step));
    }
    stop(steps()[0]);
  }

  wire();
  scrollTo(host, begin(), true);
  return {
    // `svg` is what the server drew, or null for a text of which no graph can be made.
    show(svg) {
      note.hidden = svg !== null;
      note.textContent = steps().length ? texts.graph_old : texts.graph_none;
      if (svg === null) return;
      const drawn = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
      host.replaceChildren(document.importNode(drawn, true));
      wire();
      for (const [className, names] of painted) this.paint(className, names);
      if (current) this.follow(current, true);
      else scrollTo(host, begin(), true);
    },
    // Bring a step into view, or the one the cursor is in.
    look(name = current) {
      const step = name && [...steps()].find((each) => each.dataset.step === name);
      scrollTo(host, step || begin(), true);
    },
    // The step the cursor is in, or null.
    follow(name, again = false) {
      if (name === current && !again) return;
      if (current) mark(current, "here", false);
      current = name;
      const step = name && mark(name, "here", true);
      if (step) {
        stop(step);
        scrollTo(host, step);
      }
    },
    // What happened to the steps: of a call on the test phone, or of all scenarios.
    paint(className, names) {
      const wanted = new Set(names);
      painted.set(className, wanted);
      for (const step of steps()) step.classList.toggle(className, wanted.has(step.dataset.step));
    },
  };
}

// The page itself stays where it is: only the graph's own frame scrolls.
function scrollTo(frame, step, middle = false) {
  if (!step) return;
  const [inner, outer] = [step.getBoundingClientRect(), frame.getBoundingClientRect()];
  const off = (low, high, from, to) => (middle || low < from || high > to ? (low + high) / 2 - (from + to) / 2 : 0);
  frame.scrollBy({
    left: off(inner.left, inner.right, outer.left, outer.right),
    top: off(inner.top, inner.bottom, outer.top, outer.bottom),
  });
}
