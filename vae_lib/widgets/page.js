// What all widgets make a page of.

export const SIDE = 28; // pixels of an image, each way
export const SVG = "http://www.w3.org/2000/svg";
export const KEYS = { "data-lm-suppress-shortcuts": "true" }; // JupyterLab leaves the arrow keys to such an element

/** @typedef {{ get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   on(event: string, callback: () => void): void, off(event: string, callback: () => void): void }} Model */
/** @typedef {Record<string, string | number>} Attributes */

/**
 * @template {Element} E
 * @param {E} made @param {Attributes} attributes
 * @returns {E}
 */
export function setAttributes(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Attributes} attributes @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = setAttributes(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag @param {Attributes} attributes
 * @returns {SVGElementTagNameMap[T]}
 */
export function drawing(tag, attributes) {
  return setAttributes(document.createElementNS(SVG, tag), attributes);
}

/** @param {string} text @param {Attributes} attributes */
export function lettering(text, attributes) {
  const made = drawing("text", attributes);
  made.textContent = text;
  return made;
}

/** @param {Attributes} attributes */
export function picture(attributes = {}) {
  return element("canvas", { width: SIDE, height: SIDE, ...attributes });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} x 784 pixels in [0, 1]
 */
export function paint(canvas, x) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < x.length; i++) {
    image.data.fill(Math.round(255 * x[i]), 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/**
 * A number as text, with a real minus sign.
 * @param {number} value @param {number} digits
 */
export const signed = (value, digits) => value.toFixed(digits).replace("-", "−");
