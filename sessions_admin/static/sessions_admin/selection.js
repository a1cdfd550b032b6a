/*
 * Selected rows stay selected, in sight or not, until they have ended or somebody else signs in: the
 * tab keeps their public ids, so that a reload does not lose them either.
 */

const KEPT = "sa-selected";
const list = document.getElementById("sa-sessions");
if (list?.querySelector("[data-sa-count]")) keepSelection();
forgetEnded();

function keepSelection() {
  // A sign-in is another session, which must not find what an earlier one has selected.
  const { saUser: user, saSession: session } = list.dataset;
  const selected = new Set(stored());
  let last = null;
  const boxes = () => [...list.querySelectorAll('tbody [name="session"]')];
  const inLanguage = (number) => number.toLocaleString(document.documentElement.lang);

  function stored() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT));
      return kept.user === user && kept.session === session ? kept.ids : [];
    } catch {
      // Nothing is kept, or the browser keeps nothing for this site.
      return [];
    }
  }

  function store() {
    try {
      if (selected.size) {
        sessionStorage.setItem(KEPT, JSON.stringify({ user, session, ids: [...selected] }));
      } else {
        sessionStorage.removeItem(KEPT);
      }
    } catch {
      // The selection lasts as long as the page.
    }
  }

  /* Check the boxes of the selected rows. */
  function apply() {
    for (const box of boxes()) box.checked = selected.has(box.value);
    show();
  }

  function show() {
    const all = boxes();
    for (const box of all) selected[box.checked ? "add" : "delete"](box.value);
    store();
    const on = all.filter((box) => box.checked);
    const toggle = list.querySelector('[data-sa-select="toggle"]');
    if (toggle) {
      toggle.checked = all.length > 0 && on.length === all.length;
      toggle.indeterminate = on.length > 0 && on.length < all.length;
    }
    showBar(new Set(on.map((box) => box.value)));
  }

  /* The form holds the rows out of sight, too, so that it submits all of them. */
  function showBar(inSight) {
    const bar = document.getElementById("sa-selected");
    if (!bar) return;
    const away = [...selected].filter((id) => !inSight.has(id));
    bar.querySelector("[data-sa-count]").textContent = inLanguage(selected.size);
    bar.querySelector("[data-sa-away]").hidden = away.length === 0;
    bar.querySelector("[data-sa-away-count]").textContent = inLanguage(away.length);
    const kept = away.map((id) =>
      Object.assign(document.createElement("input"), {
        type: "checkbox", name: "session", value: id, checked: true, hidden: true,
      }),
    );
    bar.querySelector("[data-sa-kept]").replaceChildren(...kept);
  }

  function selectAll(to) {
    if (!to) selected.clear();
    for (const box of boxes()) box.checked = to;
    show();
  }

  list.addEventListener("click", (event) => {
    const action = event.target.dataset?.saSelect;
    if (action === "toggle") for (const box of boxes()) box.checked = event.target.checked;
    if (action === "toggle") show();
    else if (action) selectAll(action === "all");
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
  document.body.addEventListener("htmx:afterSettle", ({ detail, target }) => {
    if (target !== list) return;
    forget(detail.requestConfig.path);
    apply();
  });
  // The confirmation may be a page of its own, after a password for example.
  apply();

  /* The address of a termination names its sessions. Those that have not ended are in the list. */
  function forget(address) {
    const inSight = new Set(boxes().map((box) => box.value));
    for (const id of selected) if (address.includes(id) && !inSight.has(id)) selected.delete(id);
  }
}

/* On the pages of confirmations: what they end is not selected any more. Over htmx, the list says what is left. */
function forgetEnded() {
  document.addEventListener("submit", (event) => {
    const { method, action, dataset } = event.target;
    if (method !== "post" || event.defaultPrevented) return;
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT));
      kept.ids = dataset.saEnds === "all" ? [] : kept.ids.filter((id) => !action.includes(id));
      sessionStorage.setItem(KEPT, JSON.stringify(kept));
    } catch {
      // Nothing is kept.
    }
  });
}
