// Keeps a job's page up to date: when something happened, the parts of the page that changed are put in place.
// A part in whose forms somebody types or has the focus is left alone, and told of instead. The page works without it.
"use strict";

const { page, events, refused } = document.currentScript.dataset;
const shown = new Map();
const PAUSE = 300;
let last = null;
let waiting = null;
let behind = false;

const parts = (root) => root.querySelectorAll("[data-part]");
const prompt = (part) => part.querySelector("[name=interaction_id]")?.value;

for (const part of parts(document)) { shown.set(part.dataset.part, part.innerHTML); }

function typed(field) {
  if (field.type === "checkbox" || field.type === "radio") { return field.checked !== field.defaultChecked; }
  if (field.options) { return [...field.options].some((option) => option.selected !== option.defaultSelected); }
  return field.value !== field.defaultValue;
}

function busy(part) {
  return (refused && part.dataset.part === "prompt")
    || part.querySelector("form :focus") !== null
    || [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some(typed);
}

function put(part, next) {
  const open = [...part.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent);
  const focus = part.contains(document.activeElement) ? document.activeElement.textContent : null;
  part.innerHTML = next.innerHTML;
  for (const summary of part.querySelectorAll("summary")) {
    if (open.includes(summary.textContent)) { summary.parentElement.open = true; }
  }
  if (focus !== null) {
    [...part.querySelectorAll("a, summary")].find((one) => one.textContent === focus)?.focus();
  }
}

async function refresh() {
  waiting = null;
  const response = await fetch(page, { headers: { Accept: "text/html" } });
  if (!response.ok) { throw new Error(String(response.status)); }
  const next = new DOMParser().parseFromString(await response.text(), "text/html");
  document.title = next.title;
  behind = false;
  let other = false;
  for (const part of parts(document)) {
    const name = part.dataset.part;
    const fresh = next.querySelector(`[data-part="${name}"]`);
    if (fresh === null || shown.get(name) === fresh.innerHTML) { continue; }
    if (busy(part)) {
      behind = true;
      other ||= prompt(part) !== prompt(fresh);
    } else {
      put(part, fresh);
      shown.set(name, fresh.innerHTML);
    }
  }
  document.getElementById("news").hidden = !other;
  return next.querySelector("script[data-events]") !== null;
}

function soon() {
  waiting ??= setTimeout(() => refresh().catch(() => { behind = true; }), PAUSE);
}

document.addEventListener("focusout", () => { if (behind) { soon(); } });

async function follow() {
  const response = await fetch(last === null ? events : events.replace(/=\d+$/, `=${last}`));
  if (!response.ok) { throw new Error(String(response.status)); }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) { return; }
    const frames = (text + value).split("\n\n");
    text = frames.pop();
    for (const frame of frames) {
      last = /^id: (\d+)$/m.exec(frame)?.[1] ?? last;
      if (behind || /^event: (?!state$)/m.test(frame)) { soon(); }
    }
  }
}

async function live() {
  for (;;) {
    let more = true;
    try {
      await follow();
      more = await refresh();
    } catch { /* the api is away for a moment */ }
    if (!more) { return; }
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
  }
}

live();
