/*
 * Forms that act are submitted once: until the answer is there, their button shows that it is
 * running, and another click does nothing. A file in another format is another request.
 */

// The page stays if the answer is a file, or if the person stops waiting for it.
const FILE_AFTER = 3_000;
const STOPPED_AFTER = 15_000;

const submitters = new WeakMap();

document.addEventListener("submit", (event) => {
  const form = event.target;
  // What htmx has taken is prevented, too.
  if (form.method !== "post" || event.defaultPrevented || !form.closest(".sessions-admin")) return;
  const isFile = "saFile" in form.dataset;
  if (form.ariaBusy && (!isFile || submitters.get(form) === event.submitter)) {
    event.preventDefault();
    return;
  }
  submitters.set(form, event.submitter);
  form.ariaBusy = "true";
  setTimeout(() => (form.ariaBusy = null), isFile ? FILE_AFTER : STOPPED_AFTER);
});

// The browser may bring a page back as it was when it was left.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.ariaBusy = null;
});

// htmx drops a second submission by itself (hx-sync).
for (const name of ["htmx:beforeSend", "htmx:afterRequest"]) {
  document.body.addEventListener(name, ({ detail }) => {
    if (detail.elt.matches("form[method=post]")) detail.elt.ariaBusy = name === "htmx:beforeSend" ? "true" : null;
  });
}
