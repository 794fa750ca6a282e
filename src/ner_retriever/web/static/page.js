// Keys, dialogs and labels. Everything else is links and forms, which work without this file.
"use strict";

const select = (selector) => document.querySelector(selector);
const rows = () => [...document.querySelectorAll(".row")];
const viewer = () => select("#viewer");

function current() {
  const focused = document.activeElement?.closest?.(".row");
  return focused ?? select(".row.current");
}

function go(row) {
  if (!row) return;
  select(".row.current")?.classList.remove("current");
  row.classList.add("current");
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = rows();
  const place = all.indexOf(current());
  go(all[place < 0 ? 0 : Math.min(Math.max(place + by, 0), all.length - 1)]);
}

function press(selector, within = document) {
  const target = within?.querySelector(selector);
  if (target && !target.disabled) target.click();
  return Boolean(target);
}

function judge(key) {
  const row = current() ?? rows()[0];
  const button = `[data-key="${key}"]`;
  const decide = select(".decide");
  if (decide) {
    press(button, decide);
  } else if (row) {
    go(row);
    press(button, row);
  }
}

const keys = {
  "/": () => select("#q")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  y: () => judge("y"),
  n: () => judge("n"),
  o: () => press(".open", current()),
  l: () => {
    const like = current()?.querySelector(".like");
    if (like) location.href = like.href;
  },
  u: () => press('[data-key="u"]'),
  r: () => press('[data-key="r"]'),
  s: () => press('[data-key="s"]'),
  x: () => press('[data-key="x"]'),
  1: () => press('[data-key="1"]'),
  2: () => press('[data-key="2"]'),
  3: () => press('[data-key="3"]'),
  c: () => select("#cutoff")?.focus(),
  "?": () => select("#help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches?.("input:not([type=range]), textarea, select");
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || select("dialog[open]")) return;
  const action = keys[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  const dialog = event.target.closest("dialog");
  if (event.target.closest("[data-close]") || event.target === dialog) dialog?.close();
});

// A judged row is a new element; the next one gets the focus.
let judged = null;
document.addEventListener("submit", (event) => {
  if (event.target.matches(".row .verdict")) judged = event.target.closest(".row").dataset.id;
});

function say(text) {
  const status = select("#status");
  status.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { status.textContent = ""; }, 5000);
}

document.addEventListener("htmx:before:swap", (event) => {
  const { response, target, text } = event.detail.ctx;
  if (response.status < 400 || target === viewer()) return;
  event.preventDefault();
  judged = null;
  say(new DOMParser().parseFromString(text, "text/html").body.textContent.trim());
});

document.addEventListener("htmx:error", () => say("The server doesn’t answer."));

document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.target === viewer() && !viewer().open) viewer().showModal();
  if (judged === null) return;
  const all = rows();
  const place = all.findIndex((row) => row.dataset.id === judged);
  judged = null;
  go(all[Math.min(place + 1, all.length - 1)]);
});

// The name of a point on the map stands beside it.
function label(event) {
  const point = event.target.closest?.("circle") ?? event.target.querySelector?.("circle");
  const text = select("#map-label");
  if (!text || !point) return;
  text.textContent = point.dataset.name;
  text.setAttribute("x", point.getAttribute("cx"));
  text.setAttribute("y", point.getAttribute("cy") - 10);
}
document.addEventListener("pointerover", label);
document.addEventListener("focusin", label);
