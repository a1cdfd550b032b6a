/*
 * The text fields among the filters as comboboxes (ARIA APG, "Editable Combobox With List
 * Autocomplete"): the focus stays in the field, and the arrow keys go through the suggestions.
 * Without this file, the suggestions are links below the field.
 */

const FIELD = '.sa-typed [type="text"]';
const SUGGESTIONS = ".sa-typed__suggestions";
let number = 0;

for (const name of ["focusin", "focusout"]) {
  document.addEventListener(name, ({ target }) => {
    if (target.matches?.(FIELD)) toggle(target, name === "focusin");
  });
}
document.addEventListener("input", ({ target }) => {
  if (target.matches?.(FIELD)) activate(target, null);
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches?.(FIELD)) press(event);
});
// The field keeps the focus when a suggestion is clicked, so that the list stays open until then.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest?.(`${SUGGESTIONS} [role="option"]`)) event.preventDefault();
});
document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (!detail.target.matches(SUGGESTIONS)) return;
  const field = detail.target.parentElement.querySelector(FIELD);
  if (!field) return;
  toggle(field, field === document.activeElement);
  // The options are not in a live region: a screen reader would read out all of them.
  const status = document.getElementById("sa-count-status");
  if (status) status.textContent = [...detail.target.querySelectorAll("p")].map((p) => p.textContent).join(" ");
});

function suggestionsOf(field) {
  return field.closest(".sa-typed").querySelector(SUGGESTIONS);
}

function optionsOf(field) {
  return [...suggestionsOf(field).querySelectorAll("a")];
}

/* Open or close the list of suggestions, and name its parts for assistive technology. */
function toggle(field, isOpen) {
  const suggestions = suggestionsOf(field);
  const options = optionsOf(field);
  const label = document.querySelector(`label[for="${field.id}"]`);
  suggestions.removeAttribute("aria-live");
  suggestions.hidden = !isOpen;
  field.role = "combobox";
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", String(isOpen && options.length > 0));
  const listbox = suggestions.querySelector("ul");
  if (listbox) {
    listbox.role = "listbox";
    listbox.id ||= `sa-suggestions-${++number}`;
    listbox.ariaLabel = label?.textContent.trim();
    field.setAttribute("aria-controls", listbox.id);
  } else {
    field.removeAttribute("aria-controls");
  }
  for (const option of options) {
    option.parentElement.role = "none";
    option.role = "option";
    option.id ||= `sa-suggestion-${++number}`;
    option.tabIndex = -1;
  }
  activate(field, null);
}

function activate(field, chosen) {
  for (const option of optionsOf(field)) option.ariaSelected = String(option === chosen);
  if (chosen) field.setAttribute("aria-activedescendant", chosen.id);
  else field.removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

function press(event) {
  const field = event.target;
  const options = optionsOf(field);
  const isOpen = field.getAttribute("aria-expanded") === "true";
  const at = options.findIndex((option) => option.ariaSelected === "true");
  if (event.isComposing || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.key === "Escape") {
    // The first press closes the list, the second one clears the text.
    if (!isOpen && !field.value) return;
    if (!isOpen) clear(field);
    toggle(field, false);
  } else if (event.altKey && event.key === "ArrowUp") {
    toggle(field, false);
  } else if (["ArrowDown", "ArrowUp"].includes(event.key) && options.length) {
    if (!isOpen) toggle(field, true);
    const isDown = event.key === "ArrowDown";
    const next = at < 0 ? (isDown ? 0 : -1) : (at + (isDown ? 1 : -1)) % options.length;
    if (!event.altKey) activate(field, options.at(next));
  } else if (["Home", "End"].includes(event.key) && isOpen && at >= 0) {
    activate(field, options.at(event.key === "Home" ? 0 : -1));
  } else if (event.key === "Enter" && isOpen && at >= 0) {
    options[at].click();
  } else {
    // The cursor moves in the text, so no suggestion is meant any more.
    if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) activate(field, null);
    return;
  }
  event.preventDefault();
}

function clear(field) {
  field.value = "";
  suggestionsOf(field).replaceChildren();
}
