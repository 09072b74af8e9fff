// What the page does beyond HTML: keys, focus, and what was typed. It works without.
"use strict";
