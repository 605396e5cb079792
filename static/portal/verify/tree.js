/* The Merkle tree: RFC 9162, 2.1, and the proof of many leaves at once (docs/trail-format.md, section 7). */
"use strict";
(() => {
  const { sha256, equal, isIndex } = auditVerifier;
  const LEAF = Uint8Array.of(0),
    NODE = Uint8Array.of(1);
  const EMPTY = sha256();

  const leafHash = (entry) => sha256(LEAF, entry);
  const nodeHash = (left, right) => sha256(NODE, left, right);
  const half = (value) => Math.floor(value / 2);

  /** Walk a path up from node `index` of a level that ends at node `last`. `whole` takes every hash of the path, `old` only
      those to its left. Null when the path has the wrong length. */
  const climb = (index, last, path, old, whole) => {
    for (const sibling of path) {
      if (last === 0) return null;
      if (index % 2 || index === last) {
        old = nodeHash(sibling, old);
        whole = nodeHash(sibling, whole);
        while (index && index % 2 === 0) [index, last] = [half(index), half(last)];
      } else whole = nodeHash(whole, sibling);
      [index, last] = [half(index), half(last)];
    }
    return last === 0 ? { old, whole } : null;
  };

  /** Whether the leaf with this content is at `index` of a tree. */
  const isIncluded = (content, index, size, path, root) => {
    if (!isIndex(index) || !isIndex(size) || index >= size) return false;
    const leaf = leafHash(content),
      roots = climb(index, size - 1, path, leaf, leaf);
    return roots !== null && equal(roots.whole, root);
  };

  /** Whether the newer tree begins with all leaves of the older one. Both are checkpoints: size and root. */
  const isConsistent = (older, newer, path) => {
    if (older.size < 1 || older.size > newer.size) return false;
    if (older.size === newer.size) return path.length === 0 && equal(older.root, newer.root);
    let [index, last] = [older.size - 1, newer.size - 1];
    while (index % 2) [index, last] = [half(index), half(last)];
    const [first, ...rest] = index ? path : [older.root, ...path];
    if (!first) return false;
    const roots = climb(index, last, rest, first, first);
    return roots !== null && equal(roots.old, older.root) && equal(roots.whole, newer.root);
  };

  /** The left edge of a tree that grows by leaves and by the roots of whole subtrees. */
  class Frontier {
    constructor() {
      this.size = 0;
      this.stack = [];
    }

    push(width, hash) {
      this.size += width;
      let entry = { width, hash };
      while (this.stack.at(-1)?.width === entry.width)
        entry = { width: 2 * entry.width, hash: nodeHash(this.stack.pop().hash, entry.hash) };
      this.stack.push(entry);
    }

    /** Fill the leaves up to `end` with the roots of the largest subtrees that fit. Tell whether their number is right. */
    bridge(end, roots) {
      for (const root of roots) {
        if (this.size >= end) return false;
        let width = 1;
        while (this.size % (2 * width) === 0 && this.size + 2 * width <= end) width *= 2;
        this.push(width, root);
      }
      return this.size === end;
    }

    root() {
      return this.stack.length
        ? this.stack.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right))
        : EMPTY;
    }
  }

  Object.assign(auditVerifier, { isIncluded, isConsistent, leafHash, Frontier });
})();
