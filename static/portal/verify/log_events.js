/* The checks of what the log writes about itself: how it was opened, its last manifest, and the request of the report. */
"use strict";
(() => {
  const { encode, hex, unhex, sha256, many, isHex, isIndex, isTime, canonical } = auditVerifier;

  const own = ({ kept }, n, type) => {
    const leaf = kept.get(n);
    if (leaf?.entry.y !== type || leaf.body?.actor.ref !== "system:sealer") return null;
    return leaf.body.action_detail ?? {};
  };

  /** Whether one origin is the next after another (section 5). */
  const isSuccessor = (origin, previous) => {
    if (origin === `${previous}/2`) return true;
    const [, base, number] = /^(.*)\/([1-9][0-9]*)$/s.exec(previous) ?? [];
    return base !== undefined && BigInt(number) >= 2n && origin === `${base}/${BigInt(number) + 1n}`;
  };

  const checkOpening = (found) => {
    const { claim } = found,
      first = own(found, 0, "log.opened"),
      here = own(found, claim.opening, "log.opened");
    if (!first || !here) return { fault: "A leaf that opens the log is missing or something else." };
    const commitment = hex(sha256(encode("audit-tag-key-v1\0"), unhex(claim.tag_key)));
    if ([first, here].some((detail) => detail.tag_key_sha256 !== commitment))
      return { fault: "The tag key is not the one that the log was opened with." };
    if (here.origin !== claim.origin) return { fault: "The leaf that opens the log names another origin." };
    const texts = [first, here].flatMap(({ origin, previous_origin, reason }) => [origin, previous_origin, reason]);
    if (texts.some((text) => text !== undefined && typeof text !== "string"))
      return { fault: "A leaf that opens the log is malformed." };
    if (claim.opening > 0 && here.reason === undefined) return { fault: `Leaf ${claim.opening} gives no reason.` };
    if (claim.opening > 0 && !(here.previous_origin && isSuccessor(claim.origin, here.previous_origin)))
      return { fault: "The log continues under a name that does not follow the previous one." };
    return { ok: claim.opening ? `Leaf 0 and leaf ${claim.opening} commit to the key of the tags.` : "Leaf 0 commits to the key of the tags." };
  };

  const isManifest = (detail) =>
    ["objects", "parents", "actors"].every((word) => isIndex(detail[`${word}_n`]) && isHex(detail[`${word}_root`])) &&
    isIndex(detail.upto) &&
    isIndex(detail.parents_from) &&
    isTime(detail.closed_until) &&
    isTime(detail.newest) &&
    isIndex(detail.late_n);

  const checkManifest = (found) => {
    const n = found.claim.size - 1,
      detail = own(found, n, "heads.manifest");
    if (!detail || !isManifest(detail)) return { fault: `Leaf ${n} is no manifest of the log.` };
    if (detail.upto !== n) return { fault: `The manifest at leaf ${n} is one of leaf ${detail.upto}.` };
    if (detail.closed_until > found.kept.get(n).entry.r)
      return { fault: "The manifest calls the log closed for a time to come." };
    found.manifest = detail;
    return {
      ok: `Leaf ${n} counts ${many(detail.objects_n, "1 object", "objects")}, ${many(detail.parents_n, "1 parent", "parents")} and ${many(detail.actors_n, "1 actor", "actors")}.`,
    };
  };

  const checkRequest = ({ claim, kept }) => {
    const leaf = kept.get(claim.request),
      asked = leaf?.body?.action_detail?.scope;
    if (leaf?.entry.y !== "export.requested" || claim.request >= claim.size - 1)
      return { fault: "The leaf of the request is missing or something else." };
    if (leaf.body?.object?.ref !== `report:${claim.report}`) return { fault: "The request is for another report." };
    if (asked === undefined || canonical(asked) !== canonical(claim.scope))
      return { fault: "The request is for another scope or period." };
    return { ok: `Leaf ${claim.request} requested this report.` };
  };

  Object.assign(auditVerifier, { own, checkOpening, checkManifest, checkRequest });
})();
