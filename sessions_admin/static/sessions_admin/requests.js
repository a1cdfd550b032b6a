/*
 * What a request of the list shows: that it is running, and what went wrong. While an answer that
 * replaces the list or a question over it is on its way, nothing in the old list can be pressed.
 */

// A shorter wait needs no sign of life, which would only flicker.
const SHOWN_AFTER = 150;
const FADE = 220;
const REPLACING = ["sa-sessions", "sa-dialog-content"];

const list = document.querySelector("[data-sa-user]");
if (list) {
  const dialog = document.getElementById("sa-dialog");
  nameTheViewer();
  showProgress(dialog);
  reportFailures(dialog);
}

/* Say whose page this is, so that it is never filled with what somebody else may see. */
function nameTheViewer() {
  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    if (list.dataset.saUser) detail.headers["SA-User"] = list.dataset.saUser;
  });
}

function showProgress(dialog) {
  const running = new Set();
  let timer = 0;
  const isBlocked = (target) => {
    const within = (part) => part.contains(target);
    return [...running].some((each) => (within(list) && each.replaces) || (within(dialog) && each.changes));
  };

  document.body.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (detail.elt.id === "sa-news") return;
    const request = {
      replaces: REPLACING.includes(detail.target.id),
      changes: detail.requestConfig.verb !== "get",
    };
    running.add(request);
    timer ||= setTimeout(() => show(true), SHOWN_AFTER);
    // After htmx has dealt with the answer; rows that are ending fade out first.
    detail.xhr.addEventListener("loadend", () => {
      if (list.querySelector(".sa-leaving")) setTimeout(() => end(request), FADE);
      else end(request);
    });
  });
  // On the document, before anything in the list or the dialog sees the click.
  document.addEventListener(
    "click",
    (event) => {
      if (!isBlocked(event.target)) return;
      // A click that does nothing has to say why, however short the wait has been.
      show(true);
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );

  function end(request) {
    running.delete(request);
    if (running.size) return;
    clearTimeout(timer);
    timer = 0;
    show(false);
  }

  function show(isBusy) {
    for (const part of [list, dialog]) part.ariaBusy = isBusy ? "true" : null;
    for (const status of document.querySelectorAll(".sa-busy")) {
      status.textContent = isBusy ? status.dataset.saText : "";
    }
  }
}

/* When a request fails, say what happened and change nothing. */
function reportFailures(dialog) {
  const kinds = { "htmx:sendError": "unreachable", "htmx:timeout": "slow", "htmx:swapError": "failed" };
  for (const [name, kind] of Object.entries(kinds)) {
    document.body.addEventListener(name, ({ detail }) => report(detail, kind));
  }
  document.body.addEventListener("htmx:responseError", async ({ detail }) =>
    report(detail, await kindOf(detail)),
  );

  async function kindOf({ xhr, requestConfig }) {
    const { status } = xhr;
    if (status >= 500) return "server";
    if (status === 403) {
      // The pages say when they refuse. A refusal before them is that of a form that is too old.
      const isRefused = requestConfig.verb === "get" || xhr.getResponseHeader("SA-Refused");
      if (isRefused) return "refused";
      return (await isOfSomebodyElse()) ? "someone-else" : "expired";
    }
    return { 401: "expired", 404: "gone", 409: "someone-else", 429: "limited" }[status] ?? "failed";
  }

  /* A sign-in in another tab makes every form too old. */
  async function isOfSomebodyElse() {
    const headers = { "SA-User": list.dataset.saUser };
    const answer = await fetch(location.href, { method: "HEAD", headers }).catch(() => null);
    return answer?.status === 409;
  }

  function report({ elt }, kind) {
    if (elt?.id === "sa-news") return;
    const message = document.getElementById("sa-failure").content.cloneNode(true);
    for (const text of message.querySelectorAll("[data-sa-kind]")) {
      if (text.dataset.saKind !== kind) text.remove();
    }
    // The page behind an open dialog can neither be read nor reached.
    const id = dialog.open ? "sa-dialog-messages" : "sa-toasts";
    document.getElementById(id).replaceChildren(message);
    if (dialog.open) dialog.scrollTop = 0;
  }
}
