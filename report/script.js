// Conveniences only: the page reads the same without them.
"use strict";
(() => {
  const root = document.documentElement;
  const stored = (() => { try { return localStorage.getItem("widthscope-theme"); } catch { return null; } })();
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;

  const themeButton = () => {
    const button = document.getElementById("theme");
    const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const name = () => {
      button.textContent = dark() ? "Light" : "Dark";
      button.setAttribute("aria-label", `Use the ${dark() ? "light" : "dark"} theme`);
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("widthscope-theme", root.dataset.theme); } catch { /* kept for this visit only */ }
      name();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
    name();
  };

  // A cell sorts by its data-value where it has one; numbers by size, what is missing last.
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    const text = (cell.dataset.value ?? cell.textContent).trim();
    return { text, number: text === "" ? NaN : Number(text), missing: text === "" || text === "–" };
  };
  const sortable = (table) => {
    const body = table.tBodies[0];
    const original = [...body.rows];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { none: "ascending", ascending: "descending", descending: "none" }[head.getAttribute("aria-sort") ?? "none"];
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        if (next === "none") return body.append(...original);
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const keyed = original.map((row) => ({ row, key: keyOf(row, column) }));
        const numeric = keyed.every(({ key }) => key.missing || !Number.isNaN(key.number));
        keyed.sort((a, b) => (a.key.missing - b.key.missing)
          || sign * (numeric && !a.key.missing ? a.key.number - b.key.number : a.key.text.localeCompare(b.key.text)));
        body.append(...keyed.map(({ row }) => row));
      });
    });
  };

  const filter = () => {
    const form = document.getElementById("filter");
    if (!form) return;  // a run of checkpoints alone has no claims
    const words = document.getElementById("filter-text");
    const count = document.getElementById("filter-count");
    const rows = [...document.querySelectorAll("#claims-table tbody tr")];
    const buttons = [...form.querySelectorAll("button")];
    let verdict = "";
    const apply = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = (verdict && row.dataset.verdict !== verdict) || !wanted.every((word) => text.includes(word));
      }
      const shown = rows.filter((row) => !row.hidden).length;
      const all = rows.length === 1 ? "1 claim" : `${rows.length} claims`;
      count.textContent = shown === rows.length ? all : `${shown} of ${all}`;
    };
    for (const button of buttons) {
      button.addEventListener("click", () => {
        verdict = button.dataset.verdict;
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        apply();
      });
    }
    words.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
  };

  // The claim under the pointer or the focus is read out below the matrix, instead of in a slow tooltip.
  const reading = () => {
    const line = document.getElementById("reading");
    if (!line) return;
    line.hidden = false;
    for (const cell of document.querySelectorAll(".cell")) {
      const tip = cell.title;
      cell.removeAttribute("title");
      for (const event of ["pointerenter", "focus"]) cell.addEventListener(event, () => { line.textContent = tip; });
    }
  };

  // On a phone a figure is as wide as the screen; a tap shows it larger, to be scrolled. Style says how large.
  const enlarging = () => {
    root.classList.add("enlarges");
    for (const pane of document.querySelectorAll(".pane")) {
      const turn = () => pane.classList.toggle("enlarged");
      pane.addEventListener("click", turn);
      pane.addEventListener("keydown", (event) => { if (event.key === "Enter") turn(); });
    }
  };

  const printing = () => {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll(".claim details:not([open])")];
      for (const part of opened) part.open = true;
    });
    addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
  };

  document.addEventListener("DOMContentLoaded", () => {
    themeButton();
    document.querySelectorAll("table.sortable").forEach(sortable);
    filter();
    reading();
    enlarging();
    printing();
  });
})();
