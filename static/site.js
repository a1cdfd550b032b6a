keepZone();
document.addEventListener("visibilitychange", keepZone);
closeMenus();
forgetOnSignOut();

/*
 * Write the browser's time zone into a cookie: times are shown in it until a person chooses another.
 * After a journey, the first page is still in the zone before, so it is loaded again.
 */
function keepZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const before = storedZone();
  // A page that is being left is hidden, too: the cookie has to say what the next one is rendered in.
  if (!zone || document.hidden) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `browser_time_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  // Without cookies, the page would be the same again.
  if (before === zone || storedZone() !== zone || !showsZone() || isInUse()) return;
  location.replace(location.pathname + location.search);
}

function storedZone() {
  return document.cookie.match(/(?:^|; )browser_time_zone=([^;]*)/)?.[1];
}

function showsZone() {
  return "browserZone" in document.body.dataset && document.querySelector("time") !== null;
}

/* Whether loading the page again would lose something: what is typed, open or said only once. */
function isInUse() {
  const isChanged = (field) =>
    ["checkbox", "radio"].includes(field.type)
      ? field.checked !== field.defaultChecked
      : "defaultValue" in field && field.value !== field.defaultValue;
  const once = ".sa-message, .sa-error, [aria-invalid=true], [aria-busy=true], dialog[open], :popover-open";
  return [...document.querySelectorAll("input, textarea")].some(isChanged) || document.querySelector(once) !== null;
}

/* Menus close with Escape and with a click elsewhere. */
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

/* What the pages keep for a tab, such as selected rows, is for as long as its person is signed in. */
function forgetOnSignOut() {
  const form = document.querySelector("[data-sign-out]");
  form?.addEventListener("submit", () => sessionStorage.clear());
}
