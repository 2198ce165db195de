// A citation opens its quote in the page itself: no round trip, so it is there at once.
document.addEventListener("click", (event) => {
  const chip = event.target.closest?.(".mm-cite");
  if (!chip) return;
  const number = chip.dataset.cite;
  const marks = [...document.querySelectorAll(".mm-text mark")];
  const mine = marks.filter((mark) => mark.dataset.cites.split(" ").includes(number));
  if (!mine.length) return;
  marks.forEach((mark) => mark.classList.toggle("mm-on", mine.includes(mark)));
  document.querySelectorAll(".mm-cite").forEach((other) => other.setAttribute("aria-pressed", String(other.dataset.cite === number)));
  const card = mine[0].closest("details");
  document.querySelectorAll("details.mm-passage").forEach((other) => (other.open = other === card));
  mine[0].focus({ preventScroll: true });
  mine[0].scrollIntoView({ block: "nearest" });
});
// A number is typed on the keyboard for numbers, where a device has one.
document.addEventListener("focusin", (event) => {
  if (event.target.closest?.(".mm-decimal")) event.target.inputMode = "decimal";
});
// Gradio's list is cut down at a key; what is pasted, or written with an input method (Chinese), comes without one.
document.addEventListener("input", (event) => {
  const box = event.target;
  if (box.closest?.("#mm-tool")) setTimeout(() => box.dispatchEvent(new KeyboardEvent("keydown", { key: "Shift", bubbles: true })), 0);
});
