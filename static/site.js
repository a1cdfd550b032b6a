// Writes the browser's time zone into a cookie: times are shown in it until a person chooses another.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `browser_time_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}
