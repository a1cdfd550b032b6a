/* An extension of the host's, which is lost when another copy of htmx takes the place of the first. */
const theirs = htmx;
let requests = 0;
htmx.defineExtension("acme", {
  onEvent: (name) => {
    if (name === "htmx:beforeRequest") requests += 1;
  },
});
