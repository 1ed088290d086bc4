// The matrix product that nearly all the time goes into. Its inner loop is WebAssembly, whose instructions add four numbers
// at once; they stand here one by one, so that no compiler is needed. The loop in JavaScript below it says the same.

/** @typedef {Float32Array} Numbers */

const WIDE = 16; // numbers in a round of the loop: four registers of four
const LIST = 4096, ROWS = LIST + 2 * 8192; // the memory, in numbers: a row of c, the list, then the rows of b
const memory = new WebAssembly.Memory({ initial: 32 }); // 2 MB
const floats = new Float32Array(memory.buffer), integers = new Int32Array(memory.buffer);

/**
 * A module with one function, add(c, end of c, list, end of list), of addresses: to the row of numbers c it adds factor · row
 * for each pair (how far the row lies behind c, factor) in the list.
 */
function instructions() {
  const [c, endOfC, list, endOfList, pair, row, factor, sum] = [0, 1, 2, 3, 4, 5, 6, 7]; // four arguments, then variables
  /** @param {(i: number) => number[]} code of each of the four registers */
  const four = (code) => [0, 1, 2, 3].flatMap(code);
  /** @param {number} variable */
  const get = (variable) => [0x20, variable], /** @param {number} variable */ set = (variable) => [0x21, variable];
  /** @param {number} address @param {number} i */
  const load = (address, i) => [...get(address), 0xfd, 0x00, 4, 16 * i];
  /** @param {number} n as two bytes of seven bits */
  const number = (n) => [(n & 127) | 128, n >> 7];
  /** @param {number[]} body @param {number} address @param {number} end @param {number} step in bytes */
  const loop = (body, address, end, step) => [
    ...[0x03, 0x40, ...body, ...get(address), 0x41, ...number(step), 0x6a, 0x22, address], // address += step
    ...[...get(end), 0x49, 0x0d, 0, 0x0b], // again while address < end
  ];
  const pairs = loop(
    [
      ...[...get(pair), 0x28, 2, 0, ...get(c), 0x6a, ...set(row)], // row = pair[0] + c
      ...[...get(pair), 0xfd, 0x09, 2, 4, ...set(factor)], // factor = pair[1], four times
      ...four((i) => [...get(sum + i), ...load(row, i), ...get(factor), 0xfd, 0xe6, 1, 0xfd, 0xe4, 1, ...set(sum + i)]),
    ],
    pair, endOfList, 8,
  );
  const before = [...four((i) => [...load(c, i), ...set(sum + i)]), ...get(list), ...set(pair)];
  const after = four((i) => [...get(c), ...get(sum + i), 0xfd, 0x0b, 4, 16 * i]); // store
  const code = [2, 2, 0x7f, 5, 0x7b, ...loop([...before, ...pairs, ...after], c, endOfC, 4 * WIDE), 0x0b];
  /** @param {number} kind @param {number[]} content */
  const section = (kind, content) => [kind, ...number(content.length), ...content];
  return Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, [1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 0]), // a type: four integers, no result
    ...section(2, [1, 1, 0x6d, 1, 0x6d, 2, 0, 1]), // imports m.m, a memory
    ...section(3, [1, 0]), // one function, of that type
    ...section(7, [1, 1, 0x66, 0, 0]), // exports it as f
    ...section(10, [1, ...number(code.length), ...code]),
  );
}

const bytes = instructions(), known = WebAssembly.validate(bytes); // not in a browser from before 2023
const add = known && /** @type {(...addresses: number[]) => void} */ (
  new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { m: memory } }).exports.f
);

/**
 * c += a · b, with c (rows, columns). a's element (r, i) is a[r · aRow + i · aInner], and b's (i, j) b[i · bInner + j · bColumn],
 * so that both can be read as their transposes. Passes over zeros of a, of which images and ReLUs are full.
 * @param {Numbers} c @param {Numbers} a @param {number} aRow @param {number} aInner
 * @param {Numbers} b at most some 400,000 numbers @param {number} bInner @param {number} bColumn
 * @param {number} rows @param {number} inner at most 8192 @param {number} columns at most 4096
 */
export function addProduct(c, a, aRow, aInner, b, bInner, bColumn, rows, inner, columns) {
  const width = Math.ceil(columns / WIDE) * WIDE; // of a row of b in the memory
  if (columns > LIST || LIST + 2 * inner > ROWS || ROWS + inner * width > floats.length) throw new RangeError("too large a product");
  for (let i = 0; i < inner; i++)
    if (bColumn === 1) floats.set(b.subarray(i * bInner, i * bInner + columns), ROWS + i * width);
    else for (let j = 0; j < columns; j++) floats[ROWS + i * width + j] = b[i * bInner + j * bColumn];
  for (let r = 0; r < rows; r++) {
    let n = LIST;
    for (let i = 0; i < inner; i++) {
      const factor = a[r * aRow + i * aInner];
      if (factor !== 0) (integers[n++] = 4 * (ROWS + i * width)), (floats[n++] = factor);
    }
    if (n === LIST) continue;
    const start = r * columns;
    for (let j = 0; j < columns; j++) floats[j] = c[start + j];
    if (add) add(0, 4 * columns, 4 * LIST, 4 * n);
    else for (let k = LIST; k < n; k += 2)
      for (let j = 0; j < columns; j++) floats[j] += floats[k + 1] * floats[integers[k] / 4 + j];
    for (let j = 0; j < columns; j++) c[start + j] = floats[j];
  }
}
