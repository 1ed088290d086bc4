// Patients to choose from; of the chosen one the evidence, a diagnosis to commit to, and then the line that was wrong.
// The browser's half of the class Clinic.

import { KEYS, element } from "./page.js";

let clinics = 0; // a page may have several of these, and radio buttons belong together by name

/** @typedef {{ src: string, alt: string, width: number, diagnosis: string, clue: string, lines: [string, string][] }} Patient */

/** @param {{ model: import("./page.js").Model, el: HTMLElement }} widget */
function render({ model, el }) {
  el.classList.add("vae-widget", "vae-clinic");
  const patients = /** @type {Patient[]} */ (model.get("patients")), group = `vae-clinic-${clinics++}`;
  const said = /** @type {string[]} */ (patients.map(() => "")); // the diagnosis that was committed to, of each patient
  let chosen = 0;

  const image = element("img"), answer = element("div", { class: "answer", role: "status" }), score = element("p");
  const radios = patients.map((_, i) => {
    const radio = element("input", { type: "radio", name: group, "aria-label": `patient ${i + 1}`, ...KEYS });
    radio.addEventListener("change", () => show(i));
    return radio;
  });
  const choice = element("select", { "aria-label": "Diagnosis", ...KEYS }, element("option", { value: "" }, "What is wrong?"),
    .../** @type {string[]} */ (model.get("diagnoses")).map((name) => element("option", { value: name }, name)));
  const commit = element("button", { type: "button" }, "This is my diagnosis");
  choice.addEventListener("change", allow);
  commit.addEventListener("click", () => {
    said[chosen] = choice.value;
    show(chosen);
  });

  function allow() {
    commit.disabled = !choice.value || Boolean(said[chosen]);
  }

  /** @param {number} i */
  function show(i) {
    chosen = i;
    const { diagnosis, clue, lines, src, alt, width } = patients[i];
    Object.assign(image, { src, alt, width });
    radios[i].checked = true;
    choice.value = said[i];
    choice.disabled = Boolean(said[i]);
    allow();
    const verdict = said[i] === diagnosis ? `Right: ${diagnosis}.` : `Not “${said[i]}”. It was: ${diagnosis}.`;
    const changes = lines.flatMap(([healthy, wrong]) => [
      element("p", {}, "wrong: ", element("code", {}, wrong || "(the line is missing)")),
      element("p", {}, "healthy: ", element("code", {}, healthy))]);
    answer.replaceChildren(...(said[i] ? [element("p", {}, element("strong", {}, verdict), ` ${clue}`), ...changes] : []));
    const seen = said.filter(Boolean).length, right = said.filter((name, k) => name && name === patients[k].diagnosis).length;
    score.textContent = `${seen} of ${patients.length} seen, ${right} right.`;
    radios.forEach((radio, k) => radio.parentElement?.classList.toggle("seen", Boolean(said[k])));
  }

  el.replaceChildren(
    element("div", { class: "choice", role: "radiogroup", "aria-label": "Patient" },
      ...radios.map((radio, i) => element("label", {}, radio, String(i + 1)))),
    image, element("div", { class: "commit" }, choice, commit, score), answer);
  show(0);
}

export default { render };
