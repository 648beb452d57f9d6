// Requests of the pages' scripts. A session that is over leads to the sign-in page.

// A refusal; `message` is what the problem document says, for people, and `problem` all of it.
export class Failed extends Error {
  constructor(status, detail, field, problem = {}) {
    super(detail);
    this.status = status;
    this.field = field; // the first one that is wrong, where it is about fields
    this.problem = problem;
  }
}

export function toSignIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
}

// The response, or Failed with what the problem document says. Ends after `seconds`. Without a session the page gives way
// to the sign-in page, unless it wants to `stay`.
export async function request(address, { seconds = 10, signal, stay = false, ...options } = {}) {
  const signals = [AbortSignal.timeout(seconds * 1000), ...(signal ? [signal] : [])];
  const response = await fetch(address, { cache: "no-store", redirect: "error", ...options, signal: AbortSignal.any(signals) });
  if (response.ok) return response;
  if (response.status === 401 && !stay) toSignIn();
  let detail = "";
  let field;
  let problem;
  try {
    problem = await response.json();
    detail = problem.detail ?? "";
    field = problem.errors?.[0]?.field;
  } catch {
    // not a problem document
  }
  throw new Failed(response.status, detail, field, problem);
}

export async function fragment(address, options) {
  return (await request(address, options)).text();
}

export function form(fields) {
  return { method: "POST", body: new URLSearchParams(fields) };
}

export function json(value) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
