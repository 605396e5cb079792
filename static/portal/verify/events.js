/* The form of an event and of a leaf entry (docs/trail-format.md, sections 2 and 3). Each function says what is wrong. */
"use strict";
(() => {
  const { encode, hex, isHex, isIndex, isTime, isUuid, isObject, hasKeys, sha256, unhex } = auditVerifier;
  const MALFORMED = "event.malformed";
  const OWN_TYPES = ["log.opened", "heads.manifest", "sealer.incident", "key.rotated", "backup.restored"];
  const OUTCOMES = ["granted", "denied", "error", "completed"];
  const TYPE = /^[a-z_]+(\.[a-z_]+)+$/;
  const LONGEST = 65_000;
  const REQUIRED = ["v", "id", "type", "outcome", "occurred_at", "actor", "asserted_by"];
  const OPTIONAL = ["on_behalf_of", "object", "action_detail", "purpose", "source", "request", "change", "authz"];
  /** The keys of the parts whose values are strings. */
  const TEXTS = {
    actor: ["ref", "kind", "name", "role", "authn"],
    object: ["ref", "kind", "parent", "label"],
    purpose: ["code", "note"],
    source: ["ip", "user_agent"],
    request: ["id", "session", "app_version"],
  };
  /** The fields that are always commitments. */
  const PERSONAL = ["actor.name", "source.ip", "source.user_agent", "purpose.note", "object.label"];

  const UUID_KINDS = ["recording", "statement", "report"],
    NUMBER_KINDS = ["object", "user"];
  const isReference = (text) => {
    const [, kind, id] = (typeof text === "string" && /^([^:]+):([^]+)$/.exec(text)) || [];
    if (UUID_KINDS.includes(kind)) return isUuid(id);
    if (NUMBER_KINDS.includes(kind)) return /^(0|[1-9][0-9]*)$/.test(id);
    return kind !== undefined;
  };

  const splitField = (field) => {
    const dot = field.indexOf(".");
    return [field.slice(0, dot), field.slice(dot + 1)];
  };

  /** The text of an event at a field, or undefined. */
  const textAt = (body, field) => {
    const [part, key] = splitField(field);
    return isObject(body[part]) && Object.hasOwn(body[part], key) ? body[part][key] : undefined;
  };

  const faultOfEvent = (body, text) => {
    if (text.length > LONGEST || (text.length * 3 > LONGEST && encode(text).length > LONGEST))
      return "is longer than 65,000 bytes";
    if (!hasKeys(body, REQUIRED, OPTIONAL)) return "lacks a key, or has one that no event has";
    if (body.v !== 1) return "has an unknown version";
    if (!isUuid(body.id)) return "has an id that is not a UUID";
    if (typeof body.type !== "string" || !TYPE.test(body.type)) return "has a malformed type";
    if (!OUTCOMES.includes(body.outcome)) return "has an unknown outcome";
    if (!isTime(body.occurred_at)) return "has a malformed time";
    if (body.asserted_by !== "server" && body.asserted_by !== "client") return "has an unknown source (asserted_by)";
    const empty = ["actor", ...OPTIONAL].find(
      (part) => part in body && !(isObject(body[part]) && Object.keys(body[part]).length),
    );
    if (empty) return `has a part "${empty}" that is empty or not an object`;
    for (const [part, keys] of Object.entries(TEXTS)) {
      const values = body[part] ?? {};
      if (!hasKeys(values, [], keys)) return `has an unknown key in "${part}"`;
      if (Object.values(values).some((value) => typeof value !== "string"))
        return `has a value in "${part}" that is not text`;
    }
    if (!Object.hasOwn(body.actor, "ref") || (body.object && !Object.hasOwn(body.object, "ref")))
      return "lacks a reference";
    const open = PERSONAL.find((field) => textAt(body, field) !== undefined && !isHex(textAt(body, field)));
    return open ? `has ${open} in the open` : "";
  };

  /** What is wrong with one tag of an entry: its value, its count and the leaf before. */
  const tagIsFormed = (entry, kind) => {
    const [tag, count, previous] = [entry[kind], entry[`${kind}_n`], entry[`${kind}_prev`]];
    if (tag === undefined) return count === undefined && previous === undefined;
    const before = count === 1 ? previous === undefined : isIndex(previous) && previous < entry.n;
    return isHex(tag) && isIndex(count) && count >= 1 && before;
  };

  const faultOfEntry = (entry) => {
    const tags = ["act", "obj", "par"].flatMap((kind) => [kind, `${kind}_n`, `${kind}_prev`]);
    if (!hasKeys(entry, ["v", "n", "e", "bh", "r", "y", "o", "act"], [...tags, "late"]))
      return "has unexpected keys";
    if (entry.v !== 1 && entry.v !== 2) return "has an unknown version";
    if (!isIndex(entry.n) || !isHex(entry.bh) || !isTime(entry.r)) return "is malformed";
    if (["e", "y", "o"].some((key) => typeof entry[key] !== "string"))
      return "has an id, a type or an outcome that is not text";
    if (!["act", "obj", "par"].every((kind) => tagIsFormed(entry, kind))) return "has a malformed tag";
    if ("late" in entry && entry.late !== 1) return "is marked late in another way";
    return entry.v === 1 && ("par" in entry || "late" in entry) ? "has version 1 and a key of version 2" : "";
  };

  /** What is wrong with the event that comes with an entry. */
  const faultOfBody = ({ entry, body, bodyText }) => {
    if (hex(sha256(encode(bodyText))) !== entry.bh) return "is not the one that was sealed";
    const fault = faultOfEvent(body, bodyText);
    return (
      fault ||
      (body.id === entry.e && body.type === entry.y && body.outcome === entry.o
        ? ""
        : "is not the one that its entry names")
    );
  };

  /** What is wrong with a revealed value of an event. */
  const faultOfReveal = (body, field, secret) => {
    if (!PERSONAL.includes(field) && !field.startsWith("action_detail.")) return "is not a personal value";
    if (!hasKeys(secret, ["salt", "value"]) || !isHex(secret.salt, 16) || typeof secret.value !== "string")
      return "is malformed";
    const commitment = hex(sha256(encode(`audit-field-v1\0${field}\0`), unhex(secret.salt), encode(secret.value)));
    return textAt(body, field) === commitment ? "" : "is not what the event commits to";
  };

  Object.assign(auditVerifier, {
    MALFORMED,
    OWN_TYPES,
    PERSONAL,
    isReference,
    textAt,
    faultOfBody,
    faultOfEntry,
    faultOfReveal,
  });
})();
