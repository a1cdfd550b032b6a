/*
 * The filters of a list. On narrow screens they open in a popover, which is a dialog as long as it is
 * open; elsewhere the flags among them open below their field, like the choices of a select.
 * Without this file, their buttons open and close both.
 */

const FORM = "sa-filters";
const SHEET = "#sa-filters-more:popover-open";
const CHOICES = ".sa-choices";

holdFocus();
reopenSheet();
closeSheetOnWideScreens();
closeChoices();
showChosen();

function openSheet() {
  return document.querySelector(SHEET);
}

/* The focus goes into the sheet, stays in it, and returns to the button that opened it. */
function holdFocus() {
  document.addEventListener(
    "toggle",
    ({ target, newState }) => {
      if (!target.matches("#sa-filters-more")) return;
      const isOpen = newState === "open";
      target.role = isOpen ? "dialog" : "group";
      target.ariaModal = isOpen ? "true" : null;
      // Only while it is a box: in line with the search, it is none that could have the focus.
      if (isOpen) target.tabIndex = -1;
      else target.removeAttribute("tabindex");
      const isInside = target.contains(document.activeElement);
      if (isOpen && !isInside) target.focus();
      const isLost = isInside || document.activeElement === document.body;
      if (!isOpen && isLost) document.querySelector(".sa-filters__open").focus();
    },
    // This event does not bubble.
    true,
  );
  document.addEventListener("focusin", ({ target }) => {
    const sheet = openSheet();
    if (!sheet || sheet.contains(target)) return;
    // They open and close the sheet, and stand at its beginning and its end.
    const buttons = [...sheet.querySelectorAll("[popovertarget]")];
    const isPast = sheet.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING;
    buttons.at(isPast ? 0 : -1).focus();
  });
}

/* An answer that replaces the filters, such as that to a chosen person, leaves the sheet open. */
function reopenSheet() {
  let isOpen = false;
  document.body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    if (detail.target.id === FORM) isOpen = openSheet() !== null;
  });
  document.body.addEventListener("htmx:oobAfterSwap", () => {
    if (isOpen && !openSheet()) document.getElementById("sa-filters-more").showPopover();
    isOpen = false;
  });
}

/* Such as those of a phone that has been turned. */
function closeSheetOnWideScreens() {
  addEventListener("resize", () => {
    const sheet = openSheet();
    if (sheet && !document.querySelector(".sa-filters__open").checkVisibility()) sheet.hidePopover();
  });
}

/* Flags close with Escape, a click elsewhere, or when the focus moves on. In the sheet they cover nothing. */
function closeChoices() {
  const open = () => (openSheet() ? null : document.querySelector(`${CHOICES}[open]`));
  document.addEventListener("keydown", (event) => {
    const choices = event.key === "Escape" ? open() : null;
    if (!choices) return;
    if (choices.contains(document.activeElement)) choices.querySelector("summary").focus();
    choices.open = false;
  });
  document.addEventListener("pointerdown", ({ target }) => {
    const choices = open();
    if (choices && !choices.contains(target)) choices.open = false;
  });
  document.addEventListener("focusin", ({ target }) => {
    const choices = open();
    // A click beside a box in the list gives the focus to what the list stands in.
    if (choices && !choices.contains(target) && !target.contains(choices)) choices.open = false;
  });
}

/* The field says what is chosen, as a select does. */
function showChosen() {
  document.addEventListener("change", ({ target }) => {
    const choices = target.closest(CHOICES);
    if (!choices) return;
    const chosen = [...choices.querySelectorAll("input:checked")];
    const text = choices.querySelector(".sa-choices__chosen");
    if (chosen.length === 1) text.textContent = chosen[0].closest("label").textContent.trim();
    else text.textContent = chosen.length || text.dataset.saAny;
  });
}
