/*
 * What htmx does not do on the list of sessions: the dialog, keys, focus and news. Your sessions have
 * a dialog, too.
 * Without this file every link and form leads to a page that does the same.
 */

const LIST = "sa-sessions";
const DIALOG = "sa-dialog-content";
const NEWS_INTERVAL = 30_000;
// By then nobody is looking, and asking on would keep their session alive.
const IDLE_AFTER = 300_000;
const FADE = 220;

const list = document.getElementById(LIST);
const dialog = document.getElementById("sa-dialog");
if (dialog) {
  openInDialog(dialog);
  closeOnBack(dialog);
}
if (list) {
  keepFocus(dialog);
  keepFilters();
  followKeys(dialog);
  checkForNews();
}
hideEvidence();
printPage();

/* A question or a fact sheet over the list. */
function openInDialog(dialog) {
  dialog.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== DIALOG) return;
    document.getElementById("sa-dialog-messages").replaceChildren();
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
    // Not where the focused button is: a question is read from its beginning.
    dialog.scrollTop = 0;
  });
  // Selecting text in a field and letting go outside of it is not a click on the backdrop.
  let pressed = null;
  dialog.addEventListener("pointerdown", (event) => (pressed = event.target));
  // In the capture phase, before htmx follows the link.
  dialog.addEventListener(
    "click",
    (event) => {
      const isBackdrop = event.target === dialog && pressed === dialog;
      if (!isBackdrop && !event.target.closest("[data-sa-close]")) return;
      event.preventDefault();
      event.stopPropagation();
      dialog.close();
    },
    true,
  );
}

/*
 * Back closes the dialog, or the filters of a narrow screen, before it leaves the page: while one
 * of them is open, the page has one more entry in the history.
 */
function closeOnBack(dialog) {
  let address = "";
  let isLeaving = false;
  // What an answer adds to the history while the page is on its way back, where it would be lost.
  let update = null;
  const filters = () => document.querySelector("#sa-filters-more:popover-open");
  const isOpen = () => dialog.open || filters() !== null;
  const hasEntry = () => history.state?.saIsOver === true;

  function keepInStep() {
    if (isOpen() && !hasEntry()) {
      address = location.href;
      history.pushState({ saIsOver: true }, "");
    } else if (!isOpen() && hasEntry() && !isLeaving) {
      isLeaving = true;
      history.back();
    }
  }

  // Before htmx, which would load the page of the entry below.
  addEventListener(
    "popstate",
    (event) => {
      const isOurs = isLeaving || (isOpen() && location.href === address);
      isLeaving = false;
      if (!isOurs) return;
      event.stopImmediatePropagation();
      if (update) history[`${update.type}State`]({ htmx: true }, "", update.path);
      update = null;
      if (dialog.open) dialog.close();
      filters()?.hidePopover();
      keepInStep();
    },
    true,
  );
  // What htmx adds to the history takes the entry of the dialog that it was chosen in.
  document.body.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
    if (isLeaving) update = { ...detail.history };
    if (hasEntry()) detail.history.type = "replace";
  });
  for (const name of ["htmx:afterSwap", "htmx:afterSettle"]) {
    document.body.addEventListener(name, keepInStep);
  }
  dialog.addEventListener("close", keepInStep);
  // These events do not bubble.
  document.addEventListener("toggle", keepInStep, true);
  // A page that comes back from another one has nothing open.
  keepInStep();
}

/*
 * The next page has the same filters, so its answer need not bring them, unless something in them is
 * not applied yet.
 */
function keepFilters() {
  const filtersIn = (values) => {
    const given = [...values].filter(([name, value]) => value && name !== "after" && name !== "before");
    return new URLSearchParams(given.sort()).toString();
  };
  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    const next = new URL(detail.path, location);
    const form = document.getElementById("sa-filters");
    // What leads to the very same page asks for it anew, with its filters.
    if (detail.verb !== "get" || next.pathname !== location.pathname || next.search === location.search) return;
    const shown = filtersIn(new URLSearchParams(location.search));
    const isSame = [next.searchParams, new FormData(form)].every((values) => filtersIn(values) === shown);
    if (isSame) detail.headers["SA-Filters"] = "same";
  });
}

/* Escape hides the evidence of a flag until the pointer or the focus moves on. */
function hideEvidence() {
  const flagged = list ?? document.querySelector(".sa-table-frame");
  if (!flagged) return;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") flagged.classList.add("sa-evidence-off");
  });
  for (const name of ["focusin", "pointerover"]) {
    flagged.addEventListener(name, () => flagged.classList.remove("sa-evidence-off"));
  }
}

/* Ended rows fade out; the focus moves on to the row that takes their place. */
function keepFocus(dialog) {
  let place = null;
  const rows = () => [...list.querySelectorAll("tbody tr")];
  const boxOf = (row) => row.querySelector('[name="session"]');
  const boxIn = (page, value) => value && page.querySelector(`[name="session"][value="${value}"]`);
  const controls = (row) => [...row.querySelectorAll("a, input")];
  // Where what has the focus goes, the same place among these gets it: the next chip, the same filter.
  const PLACES = [".sa-chips li:has(.sa-chip--filter)", "#sa-filters .sa-field"];

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig, xhr } = event.detail;
    if (target.id !== LIST || !event.detail.shouldSwap) return;
    // The list may also be the answer to the question of an action, if its session has ended.
    const isAfterAction =
      requestConfig.verb !== "get" ||
      new URL(requestConfig.path, location).pathname !== location.pathname;
    if (dialog.open) dialog.close();
    place = placeOf(document.activeElement);
    if (!isAfterAction) {
      // A browser that loses the focused element lays out the page in the middle of the swap.
      if (list.contains(document.activeElement)) document.activeElement.blur();
      empty(requestConfig.elt);
      return;
    }
    const left = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const leaving = rows().filter((row) => !boxIn(left, boxOf(row)?.value));
    for (const row of leaving) row.classList.add("sa-leaving");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (leaving.length && !still) event.detail.swapOverride = `innerHTML swap:${FADE}ms settle:0ms`;
    else empty(requestConfig.elt);
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== LIST || !place) return;
    if (document.activeElement === document.body) goTo(place);
    place = null;
  });

  /*
   * Otherwise htmx sends an event for each of the thousand elements that it removes. What the request
   * comes from has to stay: htmx looks from there for the other parts to swap.
   */
  function empty(source) {
    const stays = source.closest("tbody tr");
    list.querySelector("tbody")?.replaceChildren(...(stays ? [stays] : []));
    list.replaceChildren(...[...list.children].filter((part) => part.contains(source)));
  }

  function placeOf(element) {
    // A choice made among the filters is replaced together with them.
    if (!list.contains(element) && !element.closest("#sa-filters")) return null;
    const row = element.closest("tbody tr");
    if (!row) return { id: element.id, ...among(element) };
    return { row: boxOf(row)?.value, at: rows().indexOf(row), control: controls(row).indexOf(element) };
  }

  function among(element) {
    const places = PLACES.find((each) => element.closest(each));
    return places && { places, at: [...document.querySelectorAll(places)].indexOf(element.closest(places)) };
  }

  function inPlace({ places, at }) {
    const parts = places ? [...document.querySelectorAll(places)] : [];
    return parts[Math.min(at, parts.length - 1)]?.querySelector("a, input:not([type=hidden]), select, summary");
  }

  function goTo(to) {
    const { id, row, at, control } = to;
    const now = rows();
    const same = row ? boxIn(list, row)?.closest("tr") : (document.getElementById(id) ?? inPlace(to));
    const there = row ? (same ?? now[Math.min(at, now.length - 1)]) : same;
    const aim = row && there ? (controls(there).at(same ? control : -1) ?? there) : there;
    (aim ?? document.getElementById("sa-count"))?.focus({ preventScroll: true });
  }
}

/* "/" moves the focus to the search; a message can be dismissed. */
function followKeys(dialog) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.target.closest?.("input:not([type=checkbox]), select, textarea")) return;
    event.preventDefault();
    const search = document.getElementById("sa-id_q");
    search.focus();
    search.select();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-sa-dismiss]")) return;
    document.getElementById("sa-toasts").replaceChildren();
    document.getElementById("sa-count")?.focus({ preventScroll: true });
  });
}

/* Ask how many sessions have begun since. Rows move only on request. */
function checkForNews() {
  let active = Date.now();
  for (const name of ["pointermove", "keydown", "scroll"]) {
    document.addEventListener(name, () => (active = Date.now()), { passive: true });
  }
  const look = () => {
    if (document.hidden || Date.now() - active > IDLE_AFTER) return;
    const news = document.getElementById("sa-news");
    if (news) htmx.trigger(news, "look");
  };
  setInterval(look, NEWS_INTERVAL);
  document.addEventListener("visibilitychange", look);
}

/* Only a script can open the browser's dialog for printing. */
function printPage() {
  const button = document.querySelector("[data-sa-print]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => print());
}
