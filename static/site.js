// Writes the browser's time zone into a cookie: times are shown in it until a person chooses another.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `browser_time_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

closeMenus();
forgetOnSignOut();

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
