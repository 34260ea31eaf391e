"use strict";
(() => {
  const viewer = document.getElementById("viewer");
  const stage = viewer.querySelector(".stage");
  const shown = stage.querySelector("img");
  const size = viewer.querySelector('[data-do="size"]');
  const buttons = [...document.querySelectorAll(".zoom")];
  let current = 0;
  let large = false;

  // Of the figure's own size, where it is as large as the window.
  function fitted() {
    const { width, height } = shown.dataset;
    return Math.min((stage.clientWidth - 16) / width, (stage.clientHeight - 16) / height);
  }

  // Fitted to the window; large: its own size, or more where that is not much larger.
  function place() {
    const { width, height } = shown.dataset, fit = fitted();
    const scale = large ? Math.max(1, 2.5 * fit) : fit;
    const x = (stage.scrollLeft + stage.clientWidth / 2) / stage.scrollWidth;
    const y = (stage.scrollTop + stage.clientHeight / 2) / stage.scrollHeight;
    shown.style.width = `${width * scale}px`;
    shown.style.height = `${height * scale}px`;
    stage.classList.toggle("large", large);
    size.textContent = large ? "Smaller" : "Larger";
    stage.scrollTo(x * stage.scrollWidth - stage.clientWidth / 2, y * stage.scrollHeight - stage.clientHeight / 2);
  }

  function show(k) {
    current = (k + buttons.length) % buttons.length;
    const image = buttons[current].querySelector("img");
    shown.src = image.src;
    shown.alt = image.alt;
    shown.dataset.width = image.getAttribute("width");
    shown.dataset.height = image.getAttribute("height");
    viewer.querySelector(".name").textContent = buttons[current].parentElement.querySelector("figcaption").textContent;
    if (!viewer.open) viewer.showModal();
    // Fitted into a narrow window it would be no larger than on the page.
    large = fitted() < 0.6;
    place();
    stage.scrollTo(0, 0);
  }

  function resize() {
    large = !large;
    place();
  }

  const acts = { previous: () => show(current - 1), next: () => show(current + 1), size: resize, close: () => viewer.close() };
  buttons.forEach((button, k) => button.addEventListener("click", () => show(k)));
  viewer.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", acts[button.dataset.do]));
  shown.addEventListener("click", resize);
  viewer.addEventListener("keydown", (event) => {
    const act = { ArrowLeft: "previous", ArrowRight: "next", "+": "size", "-": "size" }[event.key];
    if (!act || (large && act !== "size")) return;
    event.preventDefault();
    acts[act]();
  });
  viewer.addEventListener("close", () => buttons[current].focus());
  window.addEventListener("resize", () => viewer.open && place());

  // Numbers by size, the rest by letters. A minus sign and a dash are what the page writes for them.
  function key(cell) {
    const text = cell.textContent.trim();
    const number = parseFloat(text.replaceAll("\u202f", "").replace("−", "-"));
    return Number.isNaN(number) ? text : number;
  }

  function order(a, b) {
    const [x, y] = [key(a), key(b)];
    if (typeof x === typeof y) return typeof x === "number" ? x - y : x.localeCompare(y);
    return typeof x === "number" ? -1 : 1;
  }

  document.querySelectorAll("table").forEach((table) => {
    if (table.tBodies[0].rows.length < 3) return;
    table.querySelectorAll("th").forEach((head, k) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = "Sort by this column";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows].sort((a, b) => order(a.cells[k], b.cells[k]));
        table.tBodies[0].append(...(up ? rows : rows.reverse()));
      });
    });
  });

  window.addEventListener("beforeprint", () => document.querySelectorAll("details.part").forEach((part) => { part.open = true; }));
})();
