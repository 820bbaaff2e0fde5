"use strict";
// What is nicer with a script: times in the reader's zone, keys, the dialog of keys. Every page reads without it.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const shape = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localTimes(root) {
  for (const one of root.querySelectorAll("time[datetime]:not([title])")) {
    one.title = one.textContent;
    one.textContent = shape.format(new Date(one.dateTime));
  }
  for (const one of document.querySelectorAll(".zone")) one.textContent = `Times in ${zone}`;
}

// In a box to tick nothing is typed: that of the keys' dialog holds the focus for a moment after the dialog is closed.
function isTyping(target) {
  return target.matches("input:not([type=checkbox]), select, textarea, [contenteditable]");
}

// Who speaks to the computer, or holds keys by accident, can do without (WCAG 2.1.4). A browser may refuse to remember.
const keysOff = document.getElementById("keys-off");
const showKeys = document.getElementById("show-keys");

function remembered(off) {
  try {
    if (off !== undefined) localStorage.setItem("keys", off ? "off" : "on");
    return localStorage.getItem("keys") === "off";
  } catch {
    return off === true;
  }
}

if (keysOff && showKeys) {
  keysOff.checked = remembered();
  keysOff.addEventListener("change", () => remembered(keysOff.checked));
  showKeys.hidden = false;
  document.getElementById("keys-word").hidden = true;
  showKeys.addEventListener("click", () => document.getElementById("keys").showModal());
}

document.addEventListener("keydown", (event) => {
  if (!keysOff || keysOff.checked) return;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const dialog = document.getElementById("keys");
  if (event.key === "/") {
    const field = document.querySelector("main input[type=search], main input:not([type=checkbox])");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  } else if (event.key === "?") {
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
  } else if (/^[1-9]$/.test(event.key) && !dialog.open) {
    const page = document.querySelectorAll("header nav a")[Number(event.key) - 1];
    if (page) page.click();
  }
});

// All of a trial would be read out at each pause: its first line, or what is wrong, is enough.
function saidAloud(trial) {
  const line = trial.querySelector(".bad, .lead");
  document.getElementById("said").textContent = line ? line.textContent.trim().split("\n")[0] : "";
}

// The first page asks for itself each minute. When nobody answers, what was said last stays, and says how old it is.
function isNow(event) {
  return event.detail.elt && event.detail.elt.id === "now";
}

function away(event) {
  const line = document.getElementById("away");
  if (!isNow(event) || !line || !line.hidden) return;
  line.textContent = line.dataset.words.replace("{}", shape.format(new Date()));
  line.hidden = false;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isNow(event) && document.hidden) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (isNow(event) && event.detail.xhr.status !== 200) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:sendError", away);
document.addEventListener("htmx:responseError", away);

document.addEventListener("htmx:afterSettle", (event) => {
  localTimes(event.target);
  if (event.target.id === "now") document.getElementById("away").hidden = true;
  const trial = event.target.closest("#trial");
  if (trial) saidAloud(trial);
});
localTimes(document);
