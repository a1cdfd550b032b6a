/*
 * The rows of a list: how they get into the page, and what a click on one does.
 *
 * htmx looks at every element that it swaps in and listens on every link. For a page of rows this
 * takes longer than all else that a swap does, so they pass it by: they are cut out of the answer,
 * put in as they are, and a link of a row is handed to htmx when it is clicked.
 */

const list = document.getElementById("sa-sessions");
if (list) {
  swapRows();
  followLinks();
  openRows();
  showCutTexts();
}

/*
 * They come after htmx has looked at the rest. This is the first script that listens for that, so that
 * the others find the new rows.
 */
function swapRows() {
  const rowsOf = new WeakMap();
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { serverResponse: html, xhr, target } = detail;
    const from = html.indexOf(">", html.indexOf("<tbody")) + 1;
    const to = html.lastIndexOf("</tbody>");
    if (target !== list || to < from) return;
    rowsOf.set(xhr, html.slice(from, to));
    detail.serverResponse = html.slice(0, from) + html.slice(to);
  });
  document.body.addEventListener("htmx:afterSettle", ({ detail, target }) => {
    // The event also comes for each of the other parts that the answer replaces.
    if (target === list && rowsOf.has(detail.xhr)) {
      list.querySelector("tbody").innerHTML = rowsOf.get(detail.xhr);
    }
  });
}

/* In the capture phase, so that htmx listens before the click arrives at the link. */
function followLinks() {
  list.addEventListener(
    "click",
    ({ target }) => {
      const link = target.closest("tbody a");
      if (link) htmx.process(link);
    },
    true,
  );
}

/*
 * A click beside the links of a row opens its details, as Enter on its box does; a click beside its
 * box selects it.
 */
function openRows() {
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches('tbody [name="session"]')) return;
    // Otherwise the browser would submit the form of the selected rows.
    event.preventDefault();
    event.target.closest("tr").querySelector(".sa-more").click();
  });

  list.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    // Selecting a text in a row, such as an address to copy, is not a click on the row.
    if (!row || event.target.closest("a, input, label") || !getSelection().isCollapsed) return;
    const isBeside = event.target === row.cells[0];
    row.querySelector(isBeside ? '[name="session"]' : ".sa-more")?.click();
  });
}

/* A text that a narrow column cuts short is the title of its cell as soon as the pointer is there. */
function showCutTexts() {
  const LAST = 4; // Dates are never cut.
  const isCut = (part) => part.scrollWidth > part.clientWidth;
  for (const name of ["pointerover", "focusin"]) {
    list.addEventListener(name, ({ target }) => {
      const cell = target.closest("tbody td");
      if (!cell || cell.cellIndex > LAST) return;
      const text = [cell, ...cell.querySelectorAll("small")].some(isCut) ? cell.innerText.trim() : "";
      if (cell.title !== text) cell.title = text;
    });
  }
}
