/*
 * What htmx leaves to do on the list of sessions: the dialog, the ticks, the keys, the focus, the
 * news. All of it is help: without this file every link and form leads to a page that does the same.
 */

const LIST = "sessions";
const DIALOG = "sa-dialog-content";
const LOOK_EVERY = 30_000;
// Nobody is there any more: looking on would keep their session alive.
const AWAY_AFTER = 300_000;
const FADE = 220;

const list = document.getElementById(LIST);
if (list) {
  const dialog = document.getElementById("sa-dialog");
  openInDialog(dialog);
  keepTicks();
  keepFocus(dialog);
  followKeys(dialog);
  tellOfTrouble(dialog);
  lookForNews();
}
closeMenus();

/* A question or a fact sheet over the list. */
function openInDialog(dialog) {
  dialog.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== DIALOG) return;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    dialog.querySelector("[autofocus]")?.focus();
  });
  // Whoever selects text in a field and lets go outside did not mean to close.
  let pressed = null;
  dialog.addEventListener("pointerdown", (event) => (pressed = event.target));
  // Before htmx takes the click for a way to go.
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

/* Ticked rows stay ticked while they stay in the list. */
function keepTicks() {
  let ticked = new Set();
  let last = null;
  const boxes = () => [...list.querySelectorAll('input[name="session"]')];

  function show() {
    const all = boxes();
    const on = all.filter((box) => box.checked);
    const toggle = list.querySelector('[data-sa-tick="toggle"]');
    if (toggle) {
      toggle.checked = all.length > 0 && on.length === all.length;
      toggle.indeterminate = on.length > 0 && on.length < all.length;
    }
    const count = list.querySelector("[data-sa-count]");
    if (count) count.textContent = on.length.toLocaleString(document.documentElement.lang);
    ticked = new Set(on.map((box) => box.value));
  }

  function tickAll(to) {
    for (const box of boxes()) box.checked = to;
    show();
  }

  list.addEventListener("click", (event) => {
    const way = event.target.dataset?.saTick;
    if (way) tickAll(way === "toggle" ? event.target.checked : way === "all");
    if (event.target.name !== "session") return;
    const all = boxes();
    const here = all.indexOf(event.target);
    const from = event.shiftKey ? all.findIndex((box) => box.value === last) : -1;
    if (from >= 0) {
      for (const box of all.slice(Math.min(from, here), Math.max(from, here) + 1)) {
        box.checked = event.target.checked;
      }
    }
    last = event.target.value;
    show();
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== LIST) return;
    for (const box of boxes()) box.checked = ticked.has(box.value);
    show();
  });
  show();
}

/* Rows that an act has ended fade; the focus goes on to the row that takes their place. */
function keepFocus(dialog) {
  let place = null;
  let scrolled = scrollY;
  const rows = () => [...list.querySelectorAll("tbody tr[id]")];
  const controls = (row) => [...row.querySelectorAll("a, input")];

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig, xhr } = event.detail;
    if (target.id !== LIST || !event.detail.shouldSwap) return;
    const answersAct =
      requestConfig.verb !== "get" || requestConfig.headers["HX-Target"] !== LIST;
    if (dialog.open) dialog.close();
    place = placeOf(document.activeElement);
    if (!answersAct) return;
    const left = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const leaving = rows().filter((row) => !left.getElementById(row.id));
    for (const row of leaving) row.classList.add("sa-leaving");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (leaving.length && !still) event.detail.swapOverride = `innerHTML swap:${FADE}ms`;
  });
  // New rows are put in before the old ones go, and the browser holds on to the old ones: it jumps.
  document.addEventListener("scroll", () => (scrolled = scrollY), { passive: true });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === LIST) scrollTo(scrollX, scrolled);
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== LIST || !place) return;
    if (document.activeElement === document.body) goTo(place);
    place = null;
  });

  function placeOf(element) {
    // What is chosen or taken back among the filters goes with the filters that were.
    if (!list.contains(element) && !element.closest("#filters")) return null;
    const row = element.closest("tbody tr[id]");
    if (!row) return { id: element.id };
    return { row: row.id, at: rows().indexOf(row), control: controls(row).indexOf(element) };
  }

  function goTo({ id, row, at, control }) {
    const now = rows();
    const same = document.getElementById(row ?? id);
    const there = row ? (same ?? now[Math.min(at, now.length - 1)]) : same;
    const aim = row && there ? (controls(there).at(same ? control : -1) ?? there) : there;
    (aim ?? document.getElementById("sa-count"))?.focus({ preventScroll: true });
  }
}

/* "/" leads to the search. */
function followKeys(dialog) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.target.closest?.("input:not([type=checkbox]), select, textarea")) return;
    event.preventDefault();
    const search = document.getElementById("id_q");
    search.focus();
    search.select();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-sa-hush]")) return;
    document.getElementById("sa-said").replaceChildren();
    document.getElementById("sa-count")?.focus({ preventScroll: true });
  });
}

/* No answer, or one that is none: say so, and change nothing. */
function tellOfTrouble(dialog) {
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout", "htmx:swapError"]) {
    document.body.addEventListener(name, (event) => {
      if (event.detail.elt?.id === "sa-news") return;
      if (dialog.open) dialog.close();
      const said = document.getElementById("sa-trouble").content.cloneNode(true);
      document.getElementById("sa-said").replaceChildren(said);
    });
  }
}

/* How many have signed in since. Rows move only when somebody asks for it. */
function lookForNews() {
  let seen = Date.now();
  for (const name of ["pointermove", "keydown", "scroll"]) {
    document.addEventListener(name, () => (seen = Date.now()), { passive: true });
  }
  const look = () => {
    if (document.hidden || Date.now() - seen > AWAY_AFTER) return;
    const news = document.getElementById("sa-news");
    if (news) htmx.trigger(news, "look");
  };
  setInterval(look, LOOK_EVERY);
  document.addEventListener("visibilitychange", look);
}

/* A menu closes with Escape, and when one goes on elsewhere. */
function closeMenus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
