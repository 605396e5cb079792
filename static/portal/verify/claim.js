/* bundle.json (docs/trail-format.md, section 7): its form, and which leaves belong to its scope. */
"use strict";
(() => {
  const { NotChecked, parse, isHex, isHash64, isIndex, isTime, isUuid, isObject, hasKeys, isReference, LIMITS } =
    auditVerifier;
  const TYPE = "auditportal-bundle/2";
  const KEYS = [
    "v",
    "type",
    "origin",
    "size",
    "report",
    "request",
    "scope",
    "tag_key",
    "opening",
    "leaves",
    "rows",
    "files",
    "anchors",
  ];
  const TABLES = ["report.csv", "report.xlsx", "report.pdf"];
  /** The tags that the leaves of a scope have. */
  const CHAINS = { target: ["obj"], object: ["obj", "par"], actor: ["act"], all: [] };

  const isPath = (path) => Array.isArray(path) && path.every(isHash64);
  const isHead = (head) => isIndex(head.index) && isIndex(head.count) && isIndex(head.last) && isPath(head.path);
  const isNeighbour = (head) =>
    hasKeys(head, ["index", "count", "last", "tag", "path"]) && isHead(head) && isHex(head.tag);

  const isScope = (scope) => {
    if (!isObject(scope) || typeof scope.kind !== "string" || !Object.hasOwn(CHAINS, scope.kind)) return false;
    const { kind, ref, from, to } = scope;
    if (!hasKeys(scope, kind === "all" ? ["kind"] : ["kind", "ref"], ["from", "to"])) return false;
    if ((from !== undefined && !isTime(from)) || (to !== undefined && !isTime(to)) || from >= to) return false;
    if (kind === "all") return true;
    return isReference(ref) && (kind === "actor" || ref.startsWith("object:") === (kind === "object"));
  };

  const isChain = (chain) => {
    if (hasKeys(chain, ["kind", "head"]))
      return hasKeys(chain.head, ["index", "count", "last", "path"]) && isHead(chain.head);
    if (!hasKeys(chain, ["kind", "absence"]) || !hasKeys(chain.absence, [], ["left", "right"])) return false;
    return Object.values(chain.absence).every(isNeighbour);
  };

  const isAnchor = (anchor, at, all) =>
    hasKeys(anchor, ["size", "consistency"]) &&
    isIndex(anchor.size) &&
    anchor.size >= 1 &&
    isPath(anchor.consistency) &&
    (at === 0 || all[at - 1].size < anchor.size);

  /** What is wrong with the claim; empty when it has its form. */
  const faultOfClaim = (claim) => {
    const { scope, size, range, chains } = claim;
    if (claim.v !== 2) return "bundle.json is of an unknown version.";
    if (!isScope(scope)) return "The scope in bundle.json is malformed.";
    if (!hasKeys(claim, [...KEYS, scope.kind === "all" ? "range" : "chains"]))
      return "bundle.json lacks a key, or has one too many.";
    if (typeof claim.origin !== "string" || !isUuid(claim.report) || !isHex(claim.tag_key))
      return "The origin, the report or the tag key in bundle.json is malformed.";
    const indices = [size, claim.request, claim.opening, claim.leaves, claim.rows];
    if (!indices.every(isIndex) || size < 2) return "A number in bundle.json is malformed.";
    if (!hasKeys(claim.files, TABLES) || !Object.values(claim.files).every((hash) => isHex(hash)))
      return "The hashes of the tables in bundle.json are malformed.";
    if (scope.kind === "all") {
      const formed = hasKeys(range, ["first", "last"]) && isIndex(range.first) && isIndex(range.last);
      if (!formed || range.first > range.last || range.last >= size) return "The range in bundle.json is malformed.";
    } else {
      const kinds = CHAINS[scope.kind];
      const formed =
        Array.isArray(chains) &&
        chains.length === kinds.length &&
        chains.every((one, at) => isObject(one) && one.kind === kinds[at]);
      if (!formed || !chains.every(isChain)) return "The chains in bundle.json are malformed.";
    }
    if (
      !Array.isArray(claim.anchors) ||
      claim.anchors.length > LIMITS.anchors ||
      !claim.anchors.every(isAnchor) ||
      claim.anchors.some((anchor) => anchor.size > size)
    )
      return "The anchors in bundle.json are malformed.";
    return "";
  };

  const readClaim = (text) => {
    const claim = parse(text, "bundle.json");
    if (claim.type !== TYPE)
      throw new NotChecked("its format is unknown to this program; export the report again");
    return claim;
  };

  /** Which leaves belong to a scope, and which of them are rows of the table. */
  class Scope {
    constructor(claim, tags) {
      this.claim = claim;
      this.scope = claim.scope;
      this.wanted = CHAINS[claim.scope.kind].map((kind) => ({ kind, tag: tags.of(kind, claim.scope.ref) }));
    }

    holds(entry) {
      const { range, size } = this.claim;
      if (range) return range.first <= entry.n && entry.n <= range.last;
      return entry.n < size - 1 && this.wanted.some(({ kind, tag }) => entry[kind] === tag);
    }

    isRow(entry) {
      const { from, to } = this.scope;
      return (from === undefined || from <= entry.r) && (to === undefined || entry.r < to);
    }
  }

  Object.assign(auditVerifier, { readClaim, faultOfClaim, Scope });
})();
