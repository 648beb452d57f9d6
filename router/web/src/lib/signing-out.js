// Tells the other windows of this browser that somebody signs out; one without network would not hear it otherwise.

const channel = "BroadcastChannel" in window ? new BroadcastChannel("threadline") : null;

export function tellSignedOut() {
  channel?.postMessage("signed out");
}

export function whenSignedOut(leave) {
  channel?.addEventListener("message", ({ data }) => data === "signed out" && leave());
}
