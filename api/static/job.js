// A job's page while it is open: the stream that keeps it up to date, and what somebody types into its form.
// htmx puts the parts in place; this keeps typing from being lost or touched. The page works without it.
"use strict";

{
  const LOST_AFTER = 1500; // milliseconds without the stream, after which the page says so
  const AGAIN = 2000; // milliseconds before what did not reach the server is tried again, twice as long each time
  const LONGEST = 30000; // milliseconds between two tries at most
  const CARRIED = 60000; // bytes that a browser still sends for a page that is left
  const HUSH = 2000; // milliseconds in which keys do nothing because the form that was typed into has gone
  const HIDDEN_LOOK = 20000; // milliseconds between looks at the job while nobody sees the page, which then has no stream
  const SETTLING = 800; // milliseconds in which the buttons of a new prompt cannot be pressed: a click was meant for the one before
  const byId = (id) => document.getElementById(id);
  const heard = (name, then) => document.addEventListener(name, ({ detail }) => then(detail));
  let answering = false;
  let gone = false; // whether the server has said that there is no such job
  let lost = null;
  let fresh = false; // whether the prompt that stands there has only just come

  htmx.config.morphIgnore.push("open"); // what somebody has opened or closed stays so

  // ---- The stream: there, lost, there again

  function connected() {
    clearTimeout(lost);
    lost = null;
    byId("connection").hidden = true;
    reachedAgain();
    save();
  }

  function disconnected() {
    if (gone) { return; }
    lost ??= setTimeout(() => { byId("connection").hidden = false; }, LOST_AFTER);
  }

  function isGone() { // nothing can come any more: the stream ends, and whatever was typed stays
    gone = true;
    clearTimeout(lost);
    byId("connection").textContent = "This job is gone, so nothing more will come. What you typed stays here; copy what you need.";
    byId("connection").hidden = false;
  }

  const NOWHERE = [404, 410];
  const isLive = (element) => element?.id === "live";
  heard("htmx:sse:after:connection", connected);
  heard("htmx:sse:error", ({ status }) => { if (NOWHERE.includes(status)) { isGone(); } else { disconnected(); } });
  document.addEventListener("htmx:sse:before:connection", (event) => {
    if (gone) { event.preventDefault(); } else if (event.detail.connection.attempt > 0) { disconnected(); }
  });
  for (const name of ["htmx:error", "htmx:response:error"]) { // the first connection was refused: htmx tries only later ones again
    heard(name, ({ ctx }) => {
      if (!isLive(ctx?.sourceElement)) { return; }
      if (NOWHERE.includes(ctx.response?.status)) { isGone(); return; }
      disconnected();
      setTimeout(() => htmx.trigger("#live", "again"), AGAIN);
    });
  }

  // ---- What is typed, beside what the server is known to have of it, control by control (those of one name together)

  const isText = (field) => !["checkbox", "radio"].includes(field.type);
  const groupOf = (name) => name.replace(/^(q|own|decide)\./, ""); // the controls of one question
  const same = (one, other) => JSON.stringify(one ?? []) === JSON.stringify(other ?? []);
  const controls = (form) => [...form.elements].filter((one) => one.name && one.matches("textarea, input:not([type=hidden], [type=submit])"));
  let known; // of the prompt that stands there; `refused` are the values that the server would not keep

  function valuesOf(form, text = "value", ticked = "checked") {
    const found = new Map();
    for (const field of controls(form)) {
      const values = found.get(field.name) ?? [];
      if (isText(field)) { values.push(field[text]); } else if (field[ticked]) { values.push(field.value); }
      found.set(field.name, values);
    }
    return found;
  }

  function know() { // what came with the page is what the server has, whatever the browser has put there since
    const form = byId("decide");
    const prompt = byId("prompt")?.dataset.prompt;
    if (known?.prompt === prompt) { return; }
    known = { prompt, values: form ? valuesOf(form, "defaultValue", "defaultChecked") : new Map(), refused: new Map() };
  }

  const changed = (form) => [...valuesOf(form)].filter(([name, values]) => !same(values, known.values.get(name)));
  const toSave = (form) => changed(form).filter(([name, values]) => !(known.refused.has(name) && same(values, known.refused.get(name))));
  const namesOf = (pairs) => pairs.map(([name]) => name).join(",");

  function bodyOf(form) {
    const body = new FormData(form);
    body.set("changed", namesOf(changed(form)));
    return body;
  }

  // ---- Drafts: saved while typing; what cannot be saved is said, and tried again less and less often

  const isDraft = (ctx) => ctx?.sourceElement.id === "typing";
  let tries = 0;
  let next = null;

  function save() {
    const form = byId("decide");
    if (form && !answering && toSave(form).length > 0) { htmx.trigger("#prompt", "change"); }
  }

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    const form = byId("decide");
    if (!isDraft(ctx) || !form) { return; }
    const pairs = toSave(form);
    if (answering || pairs.length === 0) { event.preventDefault(); return; }
    const groups = new Set(pairs.map(([name]) => groupOf(name)));
    ctx.typed = { prompt: known.prompt, pairs: [...valuesOf(form)].filter(([name]) => groups.has(groupOf(name))) };
    ctx.request.body.set("changed", namesOf(pairs));
    for (const name of known.refused.keys()) { if (!groups.has(groupOf(name))) { ctx.request.body.delete(name); } }
  });

  function learn({ prompt, pairs }, isRefused) {
    if (prompt !== known.prompt) { return; }
    for (const [name, values] of pairs) {
      if (isRefused(groupOf(name))) { known.refused.set(name, values); } else { known.values.set(name, values); known.refused.delete(name); }
    }
  }

  heard("htmx:after:request", ({ ctx }) => {
    if (ctx.response.status < 400) { reachedAgain(); }
    if (!isDraft(ctx) || ctx.response.status >= 400) { return; }
    const refused = (ctx.response.headers.get("X-Not-Kept") ?? "").split(",").map(decodeURIComponent);
    learn(ctx.typed, (id) => refused.includes(id) || refused[0] === "*");
    tries = 0;
    save(); // what was typed meanwhile
  });
  heard("htmx:error", ({ ctx }) => { if (isDraft(ctx)) { unsaved(); } });
  heard("htmx:response:error", ({ ctx }) => {
    if (!isDraft(ctx)) { return; }
    ctx.swap = "none";
    if (ctx.response.status === 413) {
      learn(ctx.typed, () => true);
      sayOfDraft("This text is too large to be kept; it stays here until you send it.");
    } else if (NOWHERE.includes(ctx.response.status)) {
      learn(ctx.typed, () => true);
      sayOfDraft("Not saved: this job is gone. Copy what you need.");
    } else { unsaved(); }
  });

  function sayOfDraft(words) {
    const said = byId("saved");
    if (said) { said.textContent = words; }
  }

  const wait = () => { tries += 1; return Math.min(AGAIN * 2 ** (tries - 1), LONGEST); };

  function unsaved() {
    sayOfDraft("Not saved yet: trying again. It stays here as long as this page is open.");
    clearTimeout(next);
    next = setTimeout(save, wait());
  }

  const LAST = "skill-fleet-last-letters"; // typed so shortly before the page is left that a reload would overtake it
  const unsavedForm = () => {
    const form = byId("decide");
    return form && !answering && changed(form).length > 0 ? form : null;
  };

  window.addEventListener("beforeunload", () => {
    for (const { address, body } of leaving) { navigator.sendBeacon(address, body); }
    const form = unsavedForm();
    if (!form) { return; }
    const copy = changed(form).map(([name, values]) => [name, values, known.values.get(name) ?? []]);
    try { sessionStorage.setItem(LAST, JSON.stringify([known.prompt, copy])); } catch { /* no room, or not allowed */ }
    navigator.sendBeacon(form.dataset.draft, bodyOf(form));
  });

  function restore([prompt, copy]) { // only where the server still has what it had then: anything else is newer
    if (prompt !== known.prompt || !Array.isArray(copy)) { return; }
    const form = byId("decide");
    const now = valuesOf(form, "defaultValue", "defaultChecked");
    for (const [name, values, before] of copy.filter(([one, , before]) => same(now.get(one), before))) {
      for (const field of controls(form).filter((one) => one.name === name)) {
        if (isText(field)) { field.value = values.shift() ?? ""; } else { field.checked = values.includes(field.value); }
        for (let box = field.closest("details"); box; box = box.parentElement.closest("details")) { box.open = true; }
      }
    }
    setTimeout(save, AGAIN);
  }

  know();
  try {
    const last = sessionStorage.getItem(LAST);
    sessionStorage.removeItem(LAST);
    if (last && byId("decide")) { restore(JSON.parse(last)); }
  } catch { /* storage is forbidden, or holds what is none of ours */ }

  // ---- A tick that belongs to a folded choice opens it: that is where its button and its reason are

  document.addEventListener("change", ({ target }) => {
    if (target.checked && target.dataset.opens) { byId(target.dataset.opens).open = true; }
  });

  // ---- Answers: nobody types while one is on its way, and one that did not arrive leaves the form as it is

  const isAnswer = (ctx) => ctx?.sourceElement.id === "decide";
  let before = null; // what had the focus
  let mine; // the prompt that was answered here last: nobody is surprised that it goes

  function lock(form, locked) {
    form.closest("#prompt").inert = locked;
    if (locked) { form.setAttribute("aria-busy", "true"); } else { form.removeAttribute("aria-busy"); }
  }

  heard("htmx:before:request", ({ ctx }) => {
    if (!isAnswer(ctx)) { return; }
    answering = true;
    mine = known.prompt;
    before = document.activeElement;
    byId("unsent").replaceChildren();
    lock(ctx.sourceElement, true);
  });
  heard("htmx:finally:request", ({ ctx }) => { // not heard when the form has been replaced: then it is done before that
    if (!isAnswer(ctx)) { return; }
    answering = false;
    if (ctx.sourceElement.closest("#prompt")) { lock(ctx.sourceElement, false); }
    setTimeout(() => { if (before?.isConnected && document.activeElement === document.body) { before.focus(); } });
    save();
  });
  heard("htmx:error", ({ ctx }) => {
    const place = byId("unsent");
    if (!isAnswer(ctx) || ctx.response || !place) { return; }
    const words = document.createElement("p");
    words.className = "problem";
    words.dataset.away = "";
    words.textContent = "Not sent: the server could not be reached. What you typed is still here; send it again in a moment.";
    place.replaceChildren(words);
  });

  function reachedAgain() { document.querySelector("#unsent [data-away]")?.remove(); }

  // ---- Another prompt: what was typed for the one before is kept and shown, and nobody types on into the new one

  const leaving = new Set(); // what was typed for prompts that have gone, and is not kept yet

  async function keep(address, body) {
    const one = { address, body };
    const keepalive = [...body.values()].join("").length * 3 < CARRIED;
    leaving.add(one);
    for (let attempt = 0; attempt < 30; attempt += 1) {
      try {
        const response = await fetch(address, { method: "POST", body, keepalive });
        leaving.delete(one);
        if (response.ok) {
          await htmx.swap({ sourceElement: document.body, target: document.body, swap: "none", text: await response.text() });
        }
        return;
      } catch { await new Promise((resolve) => { setTimeout(resolve, Math.min(AGAIN * 2 ** attempt, LONGEST)); }); }
    }
  }

  function renew(next) { // the same prompt came again, after the stream was away: only what is not typed into is taken
    for (const name of ["due", "measured"]) {
      const part = next?.querySelector(`#${name}`);
      if (part) { byId(name)?.replaceWith(part); }
    }
  }

  function replaced(prompt) {
    const form = unsavedForm();
    if (form) { keep(form.dataset.draft, bodyOf(form)); }
    if (prompt.dataset.prompt !== undefined && prompt.dataset.prompt !== mine) { hush(HUSH); }
    if (prompt.contains(document.activeElement)) { document.activeElement.blur(); byId("head-title").focus(); }
    fresh = true;
  }

  function settle() {
    fresh = false;
    const buttons = [...byId("prompt").querySelectorAll("button:enabled")];
    for (const button of buttons) { button.disabled = true; }
    setTimeout(() => { for (const button of buttons) { button.disabled = false; } }, SETTLING);
  }

  let told = byId("left-title")?.dataset.left; // of which closed prompt the page has shown what was typed

  function tell(take) { // what somebody typed went nowhere: they hear of it, unless they are typing elsewhere by now
    const title = byId("left-title");
    const news = title !== null && title.dataset.left !== told;
    told = title?.dataset.left;
    if (news && take && !typing(document.activeElement)) { title.focus(); }
  }

  heard("htmx:before:swap", ({ tasks }) => {
    for (const task of [...tasks]) {
      if (task.target?.id === "job") { answering = false; }
      if (task.type !== "partial" || task.target?.id !== "prompt") { continue; }
      const next = task.fragment.getElementById("prompt");
      if (next?.dataset.prompt === task.target.dataset.prompt) { tasks.splice(tasks.indexOf(task), 1); renew(next); } else { replaced(task.target); }
    }
  });

  // ---- The tab: a dot while something waits, also while nobody sees the page

  function title(waits) {
    document.title = `${waits ? "● " : ""}${byId("head").dataset.title} · Skill Fleet`;
  }

  heard("htmx:after:swap", ({ ctx }) => {
    if (!byId("head")) { return; }
    know();
    save(); // a refused answer comes back with what was typed, which may not be kept yet
    if (fresh) { settle(); }
    title(byId("prompt").dataset.prompt !== undefined);
    tell(ctx.select !== "#job");
    if (ctx.select === "#job" && document.activeElement === document.body) { byId("head-title").focus(); } // its button is gone
  });
  setInterval(async () => {
    if (!document.hidden || !byId("live")) { return; }
    try {
      const response = await fetch(`/api/v1/jobs/${byId("job").dataset.job}/status`);
      if (response.ok) { title((await response.json()).hitl_type !== null); }
    } catch { /* the server is away; the stream will say so when somebody looks */ }
  }, HIDDEN_LOOK);
}
