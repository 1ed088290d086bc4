// Native sliders above a picture that Python draws: the browser's half of the class Live in widgets.py.

function render({ model, el }) {
  el.classList.add("vae-live");
  const image = document.createElement("img");
  const rows = model.get("labels").map((label, i) => {
    const texts = model.get("texts")[i];
    const row = document.createElement("label"), range = document.createElement("input"), text = document.createElement("output");
    Object.assign(range, { type: "range", min: 0, max: texts.length - 1, step: 1 });
    range.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab leaves the arrow keys to it
    range.setAttribute("aria-label", label);
    const name = (position) => {
      text.textContent = texts[position];
      range.setAttribute("aria-valuetext", texts[position]);
    };
    range.addEventListener("input", () => {
      const chosen = [...model.get("chosen")];
      chosen[i] = Number(range.value);
      name(chosen[i]);
      model.set("chosen", chosen);
      model.save_changes();
    });
    row.append(label, range, text);
    return { row, follow: () => name((range.value = model.get("chosen")[i])) };
  });
  const show = () => Object.assign(image, model.get("picture"));
  const follow = () => rows.forEach((row) => row.follow());
  model.on("change:picture", show);
  model.on("change:chosen", follow);
  show();
  follow();
  el.replaceChildren(...rows.map(({ row }) => row), image);
  return () => {
    model.off("change:picture", show);
    model.off("change:chosen", follow);
  };
}

export default { render };
