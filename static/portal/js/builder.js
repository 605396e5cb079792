// The builder of scorecards: sections and questions are moved by dragging their handles, as the buttons do it too, and
// each finding is also shown where it is.

const form = () => document.getElementById("builder-form");
let dragged = "";

/** What lies under the pointer and can take the dragged item: a path before which it goes, or the end of a section. */
function target(event) {
  const isSection = dragged.split(".").length === 2;
  const over = event.target.closest?.(isSection ? "section[data-path]" : "[data-path], section[data-end]");
  if (!over) return "";
  const path = over.dataset.path ?? "";
  if (isSection) return path === dragged ? "" : path;
  const question = /^sections\.\d+\.questions\.\d+/.exec(path)?.[0];
  if (question) return question === dragged ? "" : question;
  return over.dataset.end ?? "";
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-drag]")?.dataset.drag ?? "";
  if (dragged) event.dataTransfer.setData("text/plain", dragged);
});

document.addEventListener("dragover", (event) => {
  if (dragged && target(event)) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const to = dragged && target(event);
  if (!to) return;
  event.preventDefault();
  const mover = form()?.querySelector("#mover");
  if (mover) {
    mover.value = `move:${dragged}>${to}`;
    mover.click();
  }
});

document.addEventListener("dragend", () => {
  dragged = "";
});

/** The field or part of the form with this path, or the smallest one around it. */
function part(path) {
  for (let at = path; at; at = at.replace(/\.?[^.]+$/, "")) {
    const field = document.getElementById(at)?.closest(".field");
    const found = field?.closest(".outcome, .row, .fields") ?? field ?? form()?.querySelector(`[data-path="${at}"]`);
    if (found) return found;
  }
  return null;
}

function showFindings() {
  for (const old of document.querySelectorAll("[data-found]")) old.remove();
  for (const finding of document.querySelectorAll("#live [data-at]")) {
    const said = document.createElement("p");
    said.className = "errors";
    said.dataset.found = "";
    said.textContent = finding.querySelector("[data-sentence]").textContent;
    part(finding.dataset.at)?.append(said);
  }
}

document.addEventListener("htmx:afterSettle", showFindings);
showFindings();
