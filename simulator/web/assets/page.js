"use strict";
// What needs no server: fields into an address, sliders beside boxes, the pin; and names for what the framework leaves unnamed.
// Options and cells, which are many, are made here: the framework asks each of its parts whether it changed, several times an update.
(() => {
  const WAIT = 200; // ms without a change before the server is asked
  const tab = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join("");
  let number = 0;
  let timer = null;
  let asked = null;
  let chosen = null;
  let renewing = false; // the fields are asked for, after another choice

  const same = (a, b) => a === b || (a !== "" && b !== "" && Number(a) === Number(b));
  const text = (value) => (value === null || value === undefined ? "" : String(value).trim());

  function range(low, high, lowStands, highStands) {
    const [a, b] = [text(low) || lowStands, text(high) || highStands];
    return same(a, lowStands) && same(b, highStands) ? null : a === b ? a : `${a} to ${b}`;
  }

  function made(tag, text, attributes = {}) {
    const node = document.createElement(tag);
    node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  function table({ columns, rows, kind }) {
    const [whole, head, body] = [made("table", "", { class: kind }), made("thead", ""), made("tbody", "")];
    const heads = made("tr", "");
    heads.append(...columns.map((name) => made("th", name, { scope: "col" })));
    for (const { name, unit, cells, total } of rows) {
      const [row, first] = [made("tr", "", total ? { class: "total" } : {}), made("th", name, { scope: "row" })];
      first.append(made("small", unit));
      row.append(first);
      for (const [number, error] of cells) {
        const cell = made("td", number);
        if (error) cell.append(made("small", error));
        row.append(cell);
      }
      body.append(row);
    }
    head.append(heads);
    whole.append(head, body);
    return whole;
  }

  function optionsOf(select) {
    const options = (members) => members.map(([value, label]) => made("option", label, { value }));
    for (const [kind, members] of JSON.parse(select.dataset.options)) {
      if (!kind) {
        select.append(...options(members));
        continue;
      }
      const group = made("optgroup", "", { label: kind });
      group.append(...options(members));
      select.append(group);
    }
  }

  const page = {
    address() {
      return location.search;
    },

    collect(lows, highs, limits, switches, accelerator, region, draws, pinned, lowStands, highStands, names, limitNames, levers, initial) {
      const query = new URLSearchParams();
      names.forEach((id, i) => {
        const found = range(lows[i], highs[i], lowStands[i], highStands[i]);
        if (found !== null) query.set(id.name, found);
      });
      if (accelerator) query.set("accelerator", accelerator);
      if (region) query.set("region", region);
      const pulled = levers.filter((_, i) => switches[i] === "true").map((id) => id.name);
      const pulledFirst = initial.levers.split(" ").filter(Boolean);
      if (pulled.length !== pulledFirst.length || pulled.some((name) => !pulledFirst.includes(name))) query.set("lever", pulled.join(" "));
      limitNames.forEach((id, i) => {
        const stated = initial.limits[id.name] || "";
        if (text(limits[i]) !== stated) query.set(id.name, text(limits[i]));
      });
      const own = query.toString();
      if (draws !== String(initial.draws)) query.set("draws", draws);
      if (pinned !== null && pinned !== undefined) query.set("pin", pinned);
      clearTimeout(timer);
      timer = setTimeout(() => {
        const whole = query.toString();
        if (whole === asked) return;
        asked = whole;
        const address = new URLSearchParams(query);
        if (whole) address.set("scenario", initial.scenario);
        history.replaceState(null, "", whole ? `?${address}` : location.pathname);
        const choice = JSON.stringify([accelerator, region, pulled]);
        number += 1;
        dash_clientside.set_props("results", { "aria-busy": "true" });
        dash_clientside.set_props("query", { data: { tab, number, query: whole, own } });
        renewing ||= chosen !== null && choice !== chosen;
        chosen = choice;
        if (renewing) dash_clientside.set_props("choice", { data: `${choice} ${number}` }); // again, where a field changes meanwhile
      }, WAIT);
      return dash_clientside.no_update;
    },

    slide(low, high, slider, lowStands, highStands, least, most) {
      const keep = dash_clientside.no_update;
      const moved = dash_clientside.callback_context.triggered_id;
      const written = (value) => String(Number(value.toPrecision(3)));
      const within = (value) => Math.min(Math.max(value, least), most);
      const ends = [Number(text(low) || lowStands), Number(text(high) || highStands)];
      if (moved && moved.type === "slider") {
        const shown = ends.map(within);
        const next = [0, 1].map((i) => (Math.abs(slider[i] - shown[i]) < 1e-9 * (most - least) ? keep : written(slider[i])));
        return [next[0], next[1], keep];
      }
      return ends.some(Number.isNaN) || ends[0] > ends[1] ? [keep, keep, keep] : [keep, keep, ends.map(within)];
    },

    tables(told) {
      for (const [name, rows] of Object.entries(told || {})) {
        const place = document.getElementById(name);
        const around = place.closest("details");
        const fill = () => place.replaceChildren(...(rows ? [table(rows)] : []));
        if (around) around.ontoggle = () => around.open && fill(); // what is folded is made when it is opened
        if (!around || around.open) fill();
      }
      return dash_clientside.no_update;
    },

    renewed() {
      renewing = false;
      return dash_clientside.no_update;
    },

    turn(_clicks, checked) {
      return checked === "true" ? "false" : "true";
    },

    pin(_pin, _unpin, query) {
      const pinned = dash_clientside.callback_context.triggered_id === "pin" ? (query ? query.own : "") : null;
      return [pinned, pinned === null];
    },
  };
  window.dash_clientside = Object.assign({}, window.dash_clientside, { page });

  // a field that has a message is invalid, and is described by it; thumbs of sliders are named after their field
  function describe() {
    document.querySelectorAll("select[data-value]").forEach((select) => {
      optionsOf(select);
      select.value = select.dataset.value;
      delete select.dataset.value;
    });
    document.querySelectorAll(".field, .levers").forEach((field) => {
      const message = field.querySelector(".message");
      const label = field.dataset.label;
      field.querySelectorAll("input, select").forEach((input) => {
        if (input.closest(".dash-range-slider-container, .dash-slider-container")) return;
        const wrong = message !== null && message.textContent !== "";
        if (message === null) return;
        if (wrong !== (input.getAttribute("aria-invalid") === "true")) input.setAttribute("aria-invalid", String(wrong));
        if (!input.hasAttribute("aria-describedby")) input.setAttribute("aria-describedby", message.id);
      });
      field.querySelectorAll("[role=slider]").forEach((thumb, i) => {
        const name = `${label}, ${i === 0 ? "low" : "high"} end`;
        if (label && thumb.getAttribute("aria-label") !== name) thumb.setAttribute("aria-label", name);
      });
    });
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches("select")) dash_clientside.set_props(`${event.target.id}-chosen`, { data: event.target.value });
  });
  let drawn = false;
  new MutationObserver(() => {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(() => {
      drawn = false;
      describe();
    });
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
})();
