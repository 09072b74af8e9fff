// What the page does beyond HTML: keys, copying, one press one request, focus on what is new, and a word when the
// server is away. Every page works without it. It reads data-key, data-keys-list / data-item, data-copy and data-focus.
"use strict";

const byId = (id) => document.getElementById(id);
const listen = (name, heard) => document.addEventListener(name, heard);
const sheet = byId("shortcuts");

// ---- Saying: a short word that is seen and read aloud, and goes away by itself

const SAID_FOR = 4000; // milliseconds
let saying;

function say(text) {
  byId("said").textContent = text;
  clearTimeout(saying);
  saying = setTimeout(() => { byId("said").textContent = ""; }, SAID_FOR);
}

// ---- The server: away, or there again; and its last refusal, which goes when the same request succeeds

const AWAY = "Could not reach Skill Fleet. What you typed is still here; try again in a moment.";
const pathOf = (ctx) => ctx.request.action.split("?")[0];
let refused;

function reached(yes) {
  const failed = byId("failed");
  if (failed.hidden === yes || byId("connection")) { return; } // said once; a job's page says it in its own place
  failed.hidden = yes;
  failed.textContent = yes ? "" : AWAY;
}

listen("htmx:error", ({ detail }) => { if (detail.ctx && !detail.ctx.response) { reached(false); } });
listen("htmx:sse:error", () => reached(false));
listen("htmx:sse:after:connection", () => reached(true));
listen("htmx:response:error", ({ detail: { ctx } }) => { refused = pathOf(ctx); });
listen("htmx:after:request", ({ detail: { ctx } }) => {
  reached(true);
  if (ctx.response.status < 400 && pathOf(ctx) === refused) { byId("trouble").replaceChildren(); }
});

// ---- One press, one request: a form that is under way is not sent again

const SENT_FOR = 10000; // a plain form whose answer never came may be sent again after this many milliseconds
const sending = new Map();

function begin(form, button) {
  sending.set(form, button);
  button?.setAttribute("aria-busy", "true");
}

function end(form) {
  sending.get(form)?.removeAttribute("aria-busy");
  sending.delete(form);
}

const whenPressed = (name, then) => listen(name, ({ detail: { ctx: { sourceEvent } } }) => {
  if (sourceEvent?.type === "submit") { then(sourceEvent.target, sourceEvent.submitter); } // what saves itself may go on
});

document.addEventListener("submit", (event) => {
  const nothing = event.submitter?.formMethod === "dialog" && !event.target.closest("dialog"); // Enter in a field
  if (nothing || sending.has(event.target)) { event.preventDefault(); event.stopImmediatePropagation(); }
}, true);
listen("submit", ({ defaultPrevented, target, submitter }) => {
  if (defaultPrevented || target.method !== "post") { return; }
  begin(target, submitter);
  setTimeout(end, SENT_FOR, target);
});
whenPressed("htmx:before:request", begin);
whenPressed("htmx:finally:request", end);
window.addEventListener("pageshow", () => [...sending.keys()].forEach(end));

// ---- Focus: what is new and asks for it (data-focus="which") gets it once, but never from somebody who types

const noticed = new WeakMap();
const typing = (element) => element?.matches("textarea, select, [contenteditable], "
  + "input:not([type=checkbox], [type=radio], [type=button], [type=submit])") ?? false;
const reachable = (element) => { if (element.tabIndex < 0) { element.tabIndex = -1; } return element; };

function focusWhatIsNew(take) {
  for (const element of document.querySelectorAll("[data-focus]")) {
    const known = noticed.get(element) === element.dataset.focus;
    noticed.set(element, element.dataset.focus);
    if (take && !known && !typing(document.activeElement)) { reachable(element).focus(); }
  }
}

listen("htmx:after:swap", () => focusWhatIsNew(true));
focusWhatIsNew(false);

// ---- Copying

async function copy(button) {
  const code = button.closest(".copy")?.querySelector("code") ?? button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent.trim());
    say("Copied");
  } catch { // no permission, or a page without TLS
    getSelection().selectAllChildren(code);
    say("Selected: copy it with Ctrl+C, or ⌘C");
  }
}

// ---- Keys: what they are is told by the sheet's own table

const CHOICES = "a[href], button, summary, input[type=radio], input[type=checkbox]";

function reach(element) { // a link is followed; anything that decides is only focused
  for (let box = element?.closest("details"); box; box = box.parentElement.closest("details")) { box.open = true; }
  if (element?.matches("a[href]")) { element.click(); return; }
  const field = element?.matches("summary") && element.parentElement.querySelector("textarea, input:not([type=hidden])");
  const to = field || element;
  to?.scrollIntoView({ block: "center" });
  if (to) { reachable(to).focus({ preventScroll: true }); }
}

const TYPED = 1000; // milliseconds after a letter in which the next one belongs to the same word, and not to the keys
let lastLetter = -Infinity;
let quietUntil = 0;

function hush(milliseconds) { quietUntil = Math.max(quietUntil, performance.now() + milliseconds); }

function press(element, hasty = performance.now() - lastLetter < TYPED) {
  if (element?.disabled && element.isConnected) { setTimeout(press, 100, element, hasty); return; } // it has only just come
  const decides = element?.matches("button") && hasty; // who has just typed may type on: a space must not press what decides
  reach(decides ? element.closest("section")?.querySelector("h2") ?? null : element);
}

function step(by) {
  const items = [...document.querySelectorAll("[data-keys-list] [data-item]")].filter((item) => item.checkVisibility());
  const now = items.findIndex((item) => item.contains(document.activeElement));
  const next = now < 0 ? items.at(by > 0 ? 0 : -1) : items[now + by];
  if (next) { reachable(next.matches(CHOICES) ? next : next.querySelector(CHOICES) ?? next).focus(); }
}

// ---- Streams: a page that nobody sees has none, because a browser opens six connections to a server and not one more

const asleep = new Set();
const isStream = (element) => element?.matches?.("[hx-sse\\:connect]") ?? false;

listen("htmx:before:request", (event) => {
  const { sourceElement } = event.detail.ctx;
  if (document.hidden && isStream(sourceElement)) { event.preventDefault(); asleep.add(sourceElement); }
});
listen("htmx:sse:after:connection", () => { // begun before this script was there: the extension pauses it when it hears of it
  if (document.hidden) { setTimeout(() => document.dispatchEvent(new Event("visibilitychange"))); }
});
listen("visibilitychange", () => {
  if (document.hidden) { return; }
  const streams = [...asleep].filter((stream) => stream.isConnected && !stream._htmx?.sse);
  asleep.clear();
  for (const stream of streams) { htmx.ajax("GET", stream.getAttribute("hx-sse:connect"), { source: stream }); }
});

setTimeout(() => { // htmx looks through the page in a timer of its own, maybe before its extension for streams was there
  for (const stream of document.querySelectorAll("[hx-sse\\:connect]")) {
    if (!stream._htmx?.triggerSpecs?.length) { htmx.process(stream); }
  }
});

const DOES = {
  sheet: () => sheet.showModal(),
  go: ({ to }) => location.assign(to),
  search: () => reach(document.querySelector("[data-key='/'], input[type=search]")),
  next: () => step(1),
  previous: () => step(-1),
  press: ({ keys }) => press(document.querySelector(`[data-key="${keys}"]:not([hidden] *)`)),
};
const lines = [...sheet.querySelectorAll("[data-does]")].map((row) => row.dataset);
const on = byId("keys-on");
let before = "";

const isLetter = ({ key }) => key.length === 1;
const begins = ({ key }) => lines.some(({ keys }) => keys.startsWith(`${key} `));

listen("submit", () => { lastLetter = -Infinity; }); // whatever was typed is done with
listen("keydown", (event) => {
  const elsewhere = event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented;
  if (elsewhere) { return; }
  command(event);
  if (isLetter(event)) { lastLetter = performance.now(); }
});

function command(event) {
  if (sheet.open || !on.checked || typing(event.target)) { return; }
  if (performance.now() < quietUntil || document.querySelector("form[aria-busy=true]")) {
    if (isLetter(event)) { hush(TYPED); event.preventDefault(); }
    return;
  }
  const line = lines.find(({ keys }) => keys === `${before} ${event.key}`) ?? lines.find(({ keys }) => keys === event.key);
  before = event.key;
  if (line) { event.preventDefault(); before = ""; DOES[line.does](line); return; }
  if (isLetter(event) && event.key !== " " && !begins(event)) { hush(TYPED); }
}
listen("click", ({ target }) => {
  const button = target.closest("[data-copy], #keys-open");
  if (button?.id === "keys-open") { sheet.showModal(); } else if (button) { copy(button); }
});
try {
  on.checked = localStorage.getItem("keys") !== "off";
  on.addEventListener("change", () => localStorage.setItem("keys", on.checked ? "on" : "off"));
} catch { /* storage is forbidden: the keys are on until the page is left */ }
