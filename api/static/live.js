// Reloads a job's page when something happened, unless somebody has begun to type. The page works without it.
"use strict";

const { page, events, typed: refused } = document.currentScript.dataset;
let typed = Boolean(refused);

document.addEventListener("input", () => { typed = true; });

function news() {
  if (typed) {
    document.getElementById("news").hidden = false;
  } else {
    location.replace(page);
  }
}

async function follow() {
  const response = await fetch(events, { headers: { Accept: "text/event-stream" } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) { return; }
    const frames = (text + value).split("\n\n");
    text = frames.pop();
    if (frames.some((frame) => /^event: (?!state$)/m.test(frame))) {
      news();
      return;
    }
  }
}

function again() {
  setTimeout(() => follow().then(again, again), 2000);
}

follow().then(again, again);
