// The token of a one-time link stands after the #, which no server and no preview gets to see.
const form = document.getElementById("link");
const token = location.hash.slice(1);

if (token) {
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  form.requestSubmit();
}
