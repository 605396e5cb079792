/* Whether an event of the scope is missing (section 7, "Complete"), and how many rows there are. */
"use strict";
(() => {
  const { encode, canonical, isIncluded, unbase64, unhex } = auditVerifier;
  const WORDS = { obj: "objects", par: "parents", act: "actors" };

  const inManifest = (detail, kind, head, tag) => {
    const content = encode(canonical({ count: head.count, last: head.last, tag }));
    const path = head.path.map((hash) => unbase64(hash, "A path", 32));
    return isIncluded(content, head.index, detail[`${WORDS[kind]}_n`], path, unhex(detail[`${WORDS[kind]}_root`]));
  };

  class Completeness {
    constructor(claim, scope) {
      Object.assign(this, { claim, leaves: 0, rows: 0, fault: "" });
      this.chains = scope.wanted.map(({ kind, tag }, at) => ({
        kind,
        tag,
        count: 0,
        last: undefined,
        ...claim.chains[at],
      }));
    }

    look({ n, entry, inScope, isRow }) {
      if (!inScope) return "";
      this.leaves++;
      if (isRow) this.rows++;
      for (const chain of this.chains)
        if (entry[chain.kind] === chain.tag) {
          if (entry[`${chain.kind}_n`] !== ++chain.count || entry[`${chain.kind}_prev`] !== chain.last)
            return `A leaf of the scope before leaf ${n} is missing.`;
          chain.last = n;
        }
      return "";
    }

    /** `manifests` gives the detail of the manifest at an index, or null. */
    end(manifests) {
      const { size, range, rows, scope } = this.claim,
        manifest = manifests(size - 1);
      if (!manifest) return "The manifest that says how many leaves there are cannot be read.";
      const fault = range
        ? this.faultOfRange(range, scope, manifests)
        : this.chains.map((chain) => this.faultOfChain(chain, manifest)).find(Boolean);
      return fault || (this.rows === rows ? "" : `There are ${this.rows} rows, but bundle.json states ${rows}.`);
    }

    faultOfRange({ first, last }, { from, to }, manifests) {
      if (this.leaves !== last - first + 1) return "A leaf within the range is missing.";
      const begins = first === 0 || (from !== undefined && manifests(first)?.newest < from);
      if (!begins) return "Leaves before the range may belong to the period.";
      // A leaf that was sealed late after the range may belong to the period.
      const noneIsLate = manifests(last)?.late_n === manifests(this.claim.size - 1).late_n;
      const ends = last === this.claim.size - 1 || (to !== undefined && manifests(last)?.closed_until >= to && noneIsLate);
      return ends ? "" : "Leaves after the range may belong to the period.";
    }

    faultOfChain(chain, manifest) {
      if (chain.absence)
        return chain.count
          ? "A leaf is included that should be absent according to bundle.json."
          : this.faultOfAbsence(chain, manifest);
      const { head, count, last, kind, tag } = chain;
      if (head.count !== count || head.last !== last) return "The newest leaves of the scope are missing.";
      return inManifest(manifest, kind, head, tag) ? "" : "The number of leaves of the scope is not in the manifest.";
    }

    faultOfAbsence({ kind, tag, absence: { left, right } }, manifest) {
      const proven = [left, right].every((head) => !head || inManifest(manifest, kind, head, head.tag));
      if (!proven) return "The neighbours of the absent tag are not in the manifest.";
      if ((left && left.tag >= tag) || (right && tag >= right.tag))
        return "The absent tag does not lie between its neighbours.";
      const [after, before] = [left ? left.index + 1 : 0, right ? right.index : manifest[`${WORDS[kind]}_n`]];
      return after === before ? "" : "The neighbours of the absent tag are not adjacent.";
    }
  }

  auditVerifier.Completeness = Completeness;
})();
