/* Check an AuditPortal report in the browser, without the portal and without a network: the same checks as
   verify_audit.py, in the same order, written a second time. Needs formats.js before it.
   Offers verifyAudit(bytes, {policy, tsa, older, proof}) -> {checks: [{name, ok, sentence}], verdict}.
   Formats: docs/trail-format.md. */
"use strict";
{
  const {
    Bad, need, encode, decode, latin, same, hex, unhex, unbase64, moment, plainObject, canonical, readJson, sameKeys,
    sha256, Zip, included, consistent, SPACE, Checkpoint, Policy, PROOF, readProof, rsaKeys, readStamp,
  } = globalThis.auditFormats;

  const UNBOUND = ["README.txt", "policy.txt", "report.pdf", "report.xlsx", "verify_audit.py"];
  const FILES = [...UNBOUND, "bundle.json", "checkpoint.txt", "report.csv", "SHA256SUMS"];
  const CLAIM = ("v type origin size report generated_at generated_by scope tag_key opening manifest leaves rows " +
    "anchors").split(" ");
  const COLUMNS = ("leaf recorded_at occurred_at type outcome actor actor_name role purpose note target target_label " +
    "parent address request_id detail event_id body_sha256").split(" ");
  const PERSONAL = ["actor.name", "purpose.note", "object.label", "source.ip"];
  const MINUTE = 60_000_000n; // in microseconds, like all times here
  const LONGEST = 2 ** 27, TOTAL = 2 ** 32;
  const AT_ONCE = 200; // leaves or files whose hashes are asked for together

  // --- the checks: what a failed one could not find out, later ones cannot check

  const CANNOT = "cannot be checked, see above";
  const say = (error) =>
    error instanceof Bad ? error.message : error instanceof TypeError ? CANNOT : `damaged or malformed (${error.name})`;

  class Verifier {
    constructor(bytes, brought) {
      this.bytes = bytes;
      this.brought = brought;
      this.single = latin(bytes.subarray(0, PROOF.length + 1)) === `${PROOF}\n` ? bytes : null;
      Object.assign(this, { cosigners: [], good: [], nodes: new Map(), tags: new Map() });
    }

    async run() {
      const names = ["policy", "checkpoint", "witnesses", "inclusion", "bodies", "values"];
      const others = ["opening", "manifest", "completeness", "anchors", "older", "times", "table"];
      const order = this.single ? names : ["files", ...names, ...others].filter((name) => name !== "older" || this.brought.older);
      const checks = [];
      for (const name of order) {
        this.at = "";
        try {
          checks.push({ name, ok: true, sentence: await this[name]() });
        } catch (error) {
          checks.push({ name, ok: false, sentence: this.at + say(error) });
        }
      }
      return { checks, verdict: checks.every((check) => check.ok) ? this.verdict() : "INVALID" };
    }

    verdict() {
      if (this.cosigners.length && this.brought.policy) return `WITNESSED by ${this.cosigners.join(", ")}`;
      if (!this.good.length) return "CONSISTENT (self-signed only)";
      const last = this.good.reduce((best, one) => (one.size > best.size ? one : best));
      const time = new Date(Number(last.time / 1000n)).toISOString().slice(0, 19).replace("T", " ");
      return `ANCHORED (time-stamped ${time}Z, leaves below ${last.size})`;
    }

    *each(leaves) {
      for (const n of leaves) {
        this.at = `leaf ${n}: `;
        yield n;
      }
      this.at = "";
    }

    /** What a step finds for each leaf, in order; many are under way together. */
    async *found(leaves, step) {
      const all = [...leaves];
      for (let at = 0; at < all.length; at += AT_ONCE) {
        const some = all.slice(at, at + AT_ONCE), results = await Promise.allSettled(some.map(step));
        for (const [i, n] of some.entries()) {
          this.at = `leaf ${n}: `;
          if (results[i].status === "rejected") throw results[i].reason;
          yield [n, results[i].value];
        }
      }
      this.at = "";
    }

    async file(name) {
      return this.zip.read(name);
    }

    /** Nothing was added, lost or changed since SHA256SUMS was written. */
    async files() {
      const zip = new Zip(this.bytes), all = [...zip.files.values()];
      need(zip.files.size === zip.names.length, "two files have one name");
      need(all.every((file) => file.size < LONGEST && [0, 8].includes(file.method)), "a file is too long");
      need(zip.names.length && all.reduce((sum, file) => sum + file.size, 0) < TOTAL, "the files are too long, or there are none");
      this.zip = zip;
      const claim = readJson(decode(await zip.read("bundle.json")));
      this.claimed(claim);
      this.shipped = [...new Set([...claim.leaves, claim.opening, claim.manifest])].sort((a, b) => a - b);
      this.claim = claim;
      const proofs = this.shipped.map(proofName);
      const anchors = claim.anchors.flatMap(({ size }) => [`anchors/${size}.txt`, `anchors/${size}.tsr`]);
      const wanted = new Set([...FILES, ...proofs, ...anchors]), here = new Set(zip.names);
      const odd = [...wanted].filter((name) => !here.has(name)).concat(zip.names.filter((name) => !wanted.has(name)));
      need(!odd.length, `${JSON.stringify(odd.sort()[0])} is missing or does not belong here`);
      await this.sums();
      return `${zip.names.length} files, as SHA256SUMS lists them; it alone speaks for ${UNBOUND.join(" ")}`;
    }

    claimed(claim) {
      const { scope } = claim, numbers = [claim.size, claim.opening, claim.manifest, ...claim.leaves, ...claim.rows];
      const keys = Object.keys(claim).filter((key) => !["head", "absence"].includes(key)), limits = ["from", "to"];
      const scoped = Object.fromEntries(Object.entries(scope).filter(([key]) => !limits.includes(key)));
      const fine =
        same(keys.sort(), [...CLAIM].sort()) && claim.v === 1 && claim.type === "auditportal-bundle/1" &&
        ["target", "actor", "all"].includes(scope.kind) && Array.isArray(claim.leaves) && Array.isArray(claim.rows) &&
        sameKeys(scoped, ...(scope.kind === "all" ? ["kind"] : ["kind", "ref"])) &&
        numbers.every((n) => Number.isSafeInteger(n) && n >= 0);
      need(fine, "bundle.json is not as agreed");
    }

    async sums() {
      const said = decode(await this.file("SHA256SUMS")).split("\n");
      const names = this.zip.names.filter((name) => name !== "SHA256SUMS").sort();
      for (let at = 0; at < names.length; at += AT_ONCE) {
        const some = names.slice(at, at + AT_ONCE);
        const sums = await Promise.all(some.map(async (name) => hex(await sha256(await this.file(name)))));
        some.forEach((name, i) => need(said[at + i] === `${sums[i]}  ${name}`, `${name} is not what SHA256SUMS says`));
      }
      need(said.length === names.length + 1 && said.at(-1) === "", "SHA256SUMS lists more than there is");
    }

    /** Whose signatures count. */
    async policy() {
      const own = this.brought.policy;
      need(own || !this.single, "one proof holds no policy: bring yours");
      this.trust = await Policy.read(own ?? (await this.file("policy.txt")));
      return own ? "not the bundle's own" : "the bundle's own: bring yours to lift the verdict";
    }

    /** The log stands by this size and this root. */
    async checkpoint() {
      this.note = this.single ? readProof(this.single).note : await this.file("checkpoint.txt");
      this.head = new Checkpoint(this.note);
      await this.byTheLog(this.head);
      const { origin, size } = this.single ? this.head : this.claim;
      need(origin === this.head.origin && size === this.head.size, "bundle.json is of another checkpoint");
      return `${origin}, ${size} leaves, signed by the log`;
    }

    async byTheLog(note) {
      const name = latin(encode(note.origin));
      let signed = note.origin === this.head.origin && 0;
      for (const key of this.trust.logs) if (key.name === name && (await note.signedBy(key))) signed++;
      need(signed, "not signed by this log");
    }

    /** Others saw the same log, so that its owner cannot rewrite it. */
    async witnesses() {
      const signed = new Map();
      for (const [name, key] of this.trust.witnesses) signed.set(name, await this.head.signedBy(key));
      const [met, who] = this.trust.met(this.trust.quorum, signed);
      this.cosigners = who;
      need(met, `the quorum is not met; signed by: ${who.join(", ") || "none"}`);
      return who.length ? `signed by ${who.join(", ")}` : "the policy asks for none";
    }

    /** Each entry is leaf n under the checkpoint's root: none altered, exchanged or moved. */
    async inclusion() {
      this.leaves = new Map();
      const numbers = this.single ? [readProof(this.single).index] : this.shipped;
      for await (const [n, leaf] of this.found(numbers, (n) => this.include(n))) this.leaves.set(n, leaf);
      return `${this.leaves.size} leaves`;
    }

    async include(n) {
      const { index, path, note, texts } = readProof(this.single ?? (await this.file(proofName(n))));
      const entry = readJson(texts.entry);
      need(same(note, this.note) && index === n && entry.n === n && entry.v === 1, "of another checkpoint or index");
      const { size, root } = this.head;
      need(await included(encode(texts.entry), n, size, path, root, this.nodes), "the path does not lead to the root");
      return { entry, texts, recorded: moment(entry.r) };
    }

    tag(kind, ref) {
      need(typeof ref === "string");
      const text = `${kind}\0${ref}`;
      if (!this.tags.has(text)) this.tags.set(text, this.hmac(encode(text)));
      return this.tags.get(text);
    }

    async hmac(text) {
      const hmac = { name: "HMAC", hash: "SHA-256" };
      this.key ??= crypto.subtle.importKey("raw", unhex(this.claim.tag_key), hmac, false, ["sign"]);
      return hex(new Uint8Array(await crypto.subtle.sign(hmac, await this.key, text)));
    }

    /** Each event is to the byte the one that was sealed, of the person and thing that its tags count. */
    async bodies() {
      const { rows, opening, manifest } = this.claim ?? {};
      this.spoken = new Set(this.single ? this.leaves.keys() : [...rows, opening, manifest]);
      this.events = new Map();
      for await (const [n, event] of this.found(this.leaves.keys(), (n) => this.event(n)))
        if (event) this.events.set(n, event);
      return `${this.events.size} events`;
    }

    async event(n) {
      const { entry, texts } = this.leaves.get(n), full = this.spoken.has(n);
      need(sameKeys(texts, ...(full ? ["body", "entry", "reveal"] : ["entry"])), "it has too little or too much");
      return full && this.body(entry, texts.body);
    }

    async body(entry, text) {
      const body = readJson(text);
      need(hex(await sha256(encode(text))) === entry.bh, "the event is not the one that was sealed");
      need(same([body.v, body.id, body.type, body.outcome], [1, entry.e, entry.y, entry.o]), "the entry is of another event");
      for (const [kind, part] of this.single ? [] : [["obj", "object"], ["act", "actor"]]) {
        const tag = Object.hasOwn(body, part) ? await this.tag(kind, body[part].ref) : undefined;
        need(entry[kind] === tag, "the tags are of another");
      }
      return body;
    }

    /** Each name, address, note or label shown is the one that the event committed to. */
    async values() {
      this.shown = new Map();
      let count = 0;
      for await (const [n, values] of this.found(this.events.keys(), (n) => this.revealed(n))) {
        this.shown.set(n, values);
        count += values.size;
      }
      return `${count} personal values`;
    }

    async revealed(n) {
      const { reveal } = this.leaves.get(n).texts, event = this.events.get(n);
      need(plainObject(reveal));
      const values = Object.entries(reveal).map(async ([field, secret]) => [field, await this.value(event, field, secret)]);
      return new Map(await Promise.all(values));
    }

    async value(body, field, secret) {
      const [part, ...rest] = field.split("."), salt = unhex(secret.salt, 16);
      need(rest.length && typeof secret.value === "string");
      const digest = await sha256(encode(`audit-field-v1\0${field}\0`), salt, encode(secret.value));
      need(body[part][rest.join(".")] === hex(digest), `${field} is not what was committed to`);
      need(sameKeys(secret, "salt", "value"), `${field} has something else beside it`);
      return secret.value;
    }

    bySealer(n, kind) {
      const event = this.events.get(n);
      need(event && event.type === kind && event.actor.ref === "system:sealer", `leaf ${n} is no ${kind}`);
      return event.action_detail;
    }

    /** The key of the tags was fixed when the log was opened: nothing is counted under two tags. */
    async opening() {
      const n = this.claim.opening, detail = this.bySealer(n, "log.opened"), earlier = detail.previous_origin;
      need(detail.origin === this.head.origin && Boolean(n) === Boolean(earlier), "another log was opened there");
      const digest = await sha256(encode("audit-tag-key-v1\0"), unhex(this.claim.tag_key));
      need(detail.tag_key_sha256 === hex(digest), "another tag key");
      need(!n || detail.reason !== undefined);
      return `leaf ${n}${n ? `, going on from ${earlier}: ${detail.reason}` : ""}`;
    }

    /** The counts are of the whole log up to this checkpoint, not of an earlier time. */
    async manifest() {
      const n = this.claim.manifest, counts = this.bySealer(n, "heads.manifest");
      need(n === this.head.size - 1 && n === counts.upto, "the manifest is not the last leaf");
      this.heads = counts;
      return `leaf ${n}: ${counts.objects_n} objects and ${counts.actors_n} actors`;
    }

    async inManifest(word, head, tag) {
      const data = encode(canonical({ count: head.count, last: head.last, tag }));
      const path = head.path.map((line) => unbase64(line, 32));
      return included(data, head.index, this.heads[`${word}_n`], path, unhex(this.heads[`${word}_root`]));
    }

    /** No event of the scope is missing. */
    async completeness() {
      const { leaves: numbers, rows, scope } = this.claim;
      need(numbers.every((n, at) => this.leaves.has(n) && (!at || numbers[at - 1] < n)), "a leaf of the scope is missing");
      const since = "from" in scope ? moment(scope.from) : null, until = "to" in scope ? moment(scope.to) : null;
      const recorded = (n) => this.leaves.get(n).recorded;
      const inside = (n) => (since === null || since <= recorded(n)) && (until === null || recorded(n) < until);
      need(same(numbers.filter(inside), rows), "the rows are not the leaves within the report's time");
      if (scope.kind === "all") this.unbroken(numbers, recorded, since, until);
      else await this.counted(numbers, scope.kind === "target" ? "obj" : "act", scope.ref);
      return `all ${numbers.length} leaves of the scope`;
    }

    unbroken(numbers, recorded, since, until) {
      const [first, last] = [numbers[0], numbers.at(-1)];
      need(numbers.length && last - first === numbers.length - 1, "a leaf in between is missing");
      need(first === 0 || (since !== null && recorded(first) + MINUTE < since), "earlier leaves are missing");
      need(last === this.claim.manifest || (until !== null && recorded(last) > until + MINUTE), "later leaves are missing");
    }

    async counted(numbers, kind, ref) {
      const mine = await this.tag(kind, ref), word = kind === "obj" ? "objects" : "actors";
      numbers.forEach((n, at) => {
        const { entry } = this.leaves.get(n), found = [entry[kind], entry[`${kind}_n`], entry[`${kind}_prev`]];
        need(same(found, [mine, at + 1, numbers[at - 1]]), `a leaf before leaf ${n} is missing`);
      });
      if (numbers.length) {
        const { head } = this.claim;
        need(head.count === numbers.length && head.last === numbers.at(-1), "the newest leaves are missing");
        need(await this.inManifest(word, head, mine), "the head is not in the manifest");
      } else await this.absent(mine, word, this.claim.absence);
    }

    async absent(mine, word, { left, right }) {
      need(!left || (left.tag < mine && (await this.inManifest(word, left, left.tag))), "the neighbours are not in the manifest");
      need(!right || (mine < right.tag && (await this.inManifest(word, right, right.tag))), "the neighbours are not in the manifest");
      const [before, after] = [left ? left.index + 1 : 0, right ? right.index : this.heads[`${word}_n`]];
      need(before === after, "the neighbours are not neighbours");
    }

    /** This log goes on from checkpoints that others put a time to. */
    async anchors() {
      const stamps = [], keys = rsaKeys(this.brought.tsa ?? new Uint8Array());
      for (const anchor of this.claim.anchors) {
        const note = await this.file(anchor.checkpoint), old = new Checkpoint(note);
        await this.byTheLog(old);
        const path = anchor.consistency.map((line) => unbase64(line, 32));
        need(old.size === anchor.size && (await consistent(old, this.head, path)), `the log was rewritten after ${old.size} leaves`);
        stamps.push({ size: old.size, ...(await readStamp(await this.file(anchor.stamp), note, keys)) });
      }
      this.stamps = stamps;
      this.good = stamps.filter((stamp) => stamp.trusted);
      return `${stamps.length} time stamps, ${this.good.length} signed by a certificate brought to this check`;
    }

    /** This log goes on from the checkpoint that you kept. */
    async older() {
      const kept = new Checkpoint(this.brought.older), pair = [kept, this.head].sort((a, b) => a.size - b.size);
      await this.byTheLog(kept);
      const lines = this.brought.proof ? latin(this.brought.proof).split("\n\n")[0].split("\n") : [`old ${pair[0].size}`];
      need(lines[0] === `old ${pair[0].size}`, "the proof begins at another size");
      const path = lines.slice(1).map((line) => unbase64(line, 32));
      need(await consistent(...pair, path), "the log was rewritten, or the proof is missing");
      return `consistent with yours of ${kept.size} leaves`;
    }

    /** No event was dated back: each was recorded between the time stamps around it. */
    async times() {
      need(this.stamps && this.leaves, CANNOT);
      for (const { size, time } of this.stamps)
        for (const n of this.each(this.leaves.keys())) {
          const { recorded } = this.leaves.get(n), fits = n < size ? recorded <= time + MINUTE : recorded >= time - MINUTE;
          need(fits, `recorded on the wrong side of the stamp at ${size}`);
        }
      return this.stamps.length ? `as ${this.stamps.length} time stamps say` : "the portal's own word: there is no time stamp";
    }

    /** report.csv says what the verified events say, to the byte. */
    async table() {
      const data = await this.file("report.csv"), { rows } = this.claim;
      let at = 0;
      const take = (cells, mark) => {
        const line = encode(`${mark}${cells.map(cell).join(",")}\r\n`);
        need(same(line, data.subarray(at, at + line.length)), "report.csv says something else");
        at += line.length;
      };
      take(COLUMNS, "\ufeff");
      for (const n of this.each(rows)) take(row(this.leaves.get(n).entry, this.events.get(n), this.shown.get(n)), "");
      need(at === data.length, "report.csv has more rows than there are events");
      return `${rows.length} rows`;
    }
  }

  const proofName = (n) => `events/${String(n).padStart(12, "0")}.tlog-proof`;

  const row = (entry, body, shown) => {
    const said = (path) => {
      const [part, name] = path.split(".");
      const value = body[part]?.[name] ?? "";
      return PERSONAL.includes(path) && value ? (shown.get(path) ?? "erased") : value;
    };
    const detail = Object.entries(body.action_detail ?? {}).map(([key, value]) => [key, shown.get(`action_detail.${key}`) ?? value]);
    return [
      String(entry.n), entry.r, body.occurred_at, body.type, body.outcome, said("actor.ref"), said("actor.name"),
      said("actor.role"), said("purpose.code"), said("purpose.note"), said("object.ref"), said("object.label"),
      said("object.parent"), said("source.ip"), said("request.id"),
      "action_detail" in body ? canonical(Object.fromEntries(detail)) : "", entry.e, entry.bh,
    ];
  };
  /** What a spreadsheet could take for a formula gets an apostrophe; quoted when RFC 4180 asks for it. */
  const FORMULA = new RegExp(`^(['\\t\\r\\n\\0]|[${SPACE}]*[=+\\-@\\uff1d\\uff0b\\uff0d\\uff20\\ufe66\\ufe62\\ufe63\\ufe6b])`);
  const cell = (text) => {
    need(typeof text === "string");
    const safe = FORMULA.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  globalThis.verifyAudit = async (bytes, brought = {}) => {
    if (!globalThis.crypto?.subtle) throw new Error("This page needs https, localhost or a file to compute hashes.");
    return new Verifier(bytes, brought).run();
  };
}
