// Whoever comes by the address of one call, /desk#card-ID, is led to it once it is there.
import { whenShown } from "./cards.js";

export function followLanding() {
  const wanted = location.hash.match(/^#card-(\w+)$/)?.[1];
  if (!wanted) return;
  history.replaceState(null, "", location.pathname);
  let led = false;
  whenShown((all) => {
    const card = led ? null : all.find((each) => each.dataset.card === wanted);
    if (!card) return;
    led = true;
    card.focus();
    card.scrollIntoView();
  });
}
