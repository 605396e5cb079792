/* The checks of a bundle or of a single event's proof, in their order (docs/trail-format.md, section 9).

   `auditVerifier.verify(file, brought, {progress, signal})` takes a File or Blob, what the auditor brought as bytes (`policy`, `tsa`,
   `older`, `proof`), a function that hears how far the check is, and an AbortSignal. It answers
   `{checks: [{name, state, sentence}], statement: [{name, text}], verdict, exit_code}`. */
"use strict";
(() => {
  const A = auditVerifier;
  const { Malformed, NotChecked, Zip, Checkpoint, Policy, Scope, Tags, Facts, Inclusion, Bodies, Values, Times, Completeness, Table } = A;
  const { encode, decode, equal, hex, unhex, concat, sha256, unbase64, isConsistent, isIndex, isTime } = A;
  const PROOF = "c2sp.org/tlog-proof@v1\n";

  /** Gives the page time to answer, tells how far the check is, and stops when it is cancelled. */
  class Pace {
    constructor({ progress = () => {}, signal } = {}) {
      Object.assign(this, { progress, signal, since: performance.now() });
    }

    async step(told) {
      const now = performance.now();
      if (now - this.since < 40) return;
      this.progress(told());
      await new Promise((resolve) => setTimeout(resolve));
      this.signal?.throwIfAborted();
      this.since = performance.now();
    }
  }

  /** The checks that were done. A check is a function that gives `{fault}`, `{none}` or `{ok}` with a sentence, or throws Malformed. */
  class Report {
    constructor() {
      this.checks = [];
    }

    async check(name, work) {
      let said;
      try {
        said = await work();
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        said = { fault: error.message };
      }
      const state = said.fault ? "FAIL" : said.none ? "none" : "ok";
      this.checks.push({ name, state, sentence: said.fault || said.none || said.ok });
      return state !== "FAIL";
    }

    get failed() {
      return this.checks.some(({ state }) => state === "FAIL");
    }

    result(found, statement) {
      if (this.failed) return { checks: this.checks, statement: [], verdict: "INVALID", exit_code: 1 };
      return { checks: this.checks, statement, verdict: A.verdictOf(found), exit_code: 0 };
    }
  }

  const signedByTheLog = async (checkpoint, origin, policy) => {
    if (checkpoint.origin !== origin) return `It is a checkpoint of ${checkpoint.origin}, not of ${origin}.`;
    let signed = false;
    for (const key of policy.logs.filter(({ name }) => name === origin)) {
      const line = await checkpoint.signedBy(key);
      if (line.wrong) return "A signature of the log is wrong.";
      signed ||= line.signed;
    }
    return signed ? "" : "No log key of the policy has signed it.";
  };

  /** Who cosigned, by the policy that counts. */
  const checkWitnesses = async (found) => {
    const { policy, checkpoint } = found, signed = new Map();
    for (const { name, key } of policy.witnesses.filter(({ key: known }) => known)) {
      const line = await checkpoint.signedBy(key);
      if (line.wrong) return { fault: `The signature of the witness ${name} is wrong.` };
      if (line.signed) signed.set(name, line.seconds);
    }
    found.witnesses = policy.witnesses.filter(({ name }) => signed.has(name)).map(({ name }) => ({ name, seconds: signed.get(name) }));
    const reached = new Set(policy.reached(policy.quorum));
    found.signers = found.witnesses.filter(({ name }) => reached.has(name)).map(({ name }) => name);
    if (!policy.isMet(policy.quorum, signed)) return { fault: "Fewer witnesses have signed than the policy asks for." };
    if (!signed.size) return { none: "The policy asks for no witness, and none has signed." };
    return { ok: `Signed by ${A.seenBy(found.witnesses)}.` };
  };

  const checkPolicy = (found, bytes, trust) => {
    found.policy = Policy.read(bytes);
    found.trust = trust;
    const skipped = found.policy.unknown ? ` ${found.policy.unknown} keys are of a type this verifier does not know.` : "";
    return { ok: `It names ${found.policy.logs.length} log keys and ${found.policy.witnesses.length} witnesses.${skipped}` };
  };

  const checkCheckpoint = async (found, bytes, claimed) => {
    const checkpoint = (found.checkpoint = Checkpoint.read(bytes, "checkpoint.txt"));
    if (claimed && checkpoint.size !== claimed.size) return { fault: "The checkpoint has another size than bundle.json says." };
    const origin = claimed ? claimed.origin : checkpoint.origin, fault = await signedByTheLog(checkpoint, origin, found.policy);
    return fault ? { fault } : { ok: `${checkpoint.origin} has signed ${checkpoint.size} leaves.` };
  };

  // --- a bundle

  const readClaim = async (zip) => {
    const claim = A.parse(decode(await zip.read("bundle.json"), "bundle.json"), "bundle.json");
    A.refuseTooMuch(claim);
    return claim;
  };

  /** Every byte is the one that SHA256SUMS and bundle.json speak of. */
  const checkFiles = async (found, zip, pace) => {
    let read = 0;
    const step = (length) => {
      read += length;
      return pace.step(() => ({ part: "files", done: read, of: zip.file.size }));
    };
    const start = zip.entries.get("SHA256SUMS").offset, names = [...zip.entries.keys()].filter((name) => name !== "SHA256SUMS").sort();
    const hashes = new Map();
    const whole = hex(await zip.hashOfStart(start, step));
    for (const name of names) hashes.set(name, hex(await zip.hashOf(name, step)));
    const expected = names.map((name) => `${hashes.get(name)}  ${name}\n`).join("") + `# ${whole}  the ${start} bytes before this file\n`;
    const claim = await readClaim(zip);
    const sums = await zip.read("SHA256SUMS");
    if (!equal(sums, encode(expected))) return { fault: `SHA256SUMS does not fit ${differing(decode(sums, "SHA256SUMS"), expected)}.` };
    const fault = A.faultOfClaim(claim);
    if (fault) return { fault };
    const other = Object.keys(claim.files).find((name) => claim.files[name] !== hashes.get(name));
    if (other) return { fault: `${other} is not the file that bundle.json speaks of.` };
    if (claim.anchors.map(({ size }) => size).join() !== zip.anchors.join()) return { fault: "The anchors in the zip are not those of bundle.json." };
    found.claim = claim;
    return { ok: `${zip.entries.size} files, each as it was packed.` };
  };

  const differing = (said, expected) => {
    const lines = new Set(said.split("\n")), line = expected.split("\n").find((one) => !lines.has(one)) ?? "";
    return line.startsWith("#") ? "the bytes of the zip" : line.slice(66) || "what is in the zip";
  };

  const checkAnchors = async (found, zip, tsa) => {
    const { claim, checkpoint, policy } = found, keys = A.readCertificates(tsa ?? new Uint8Array());
    if (!claim.anchors.length) return { none: "The bundle has no time stamps." };
    for (const { size, consistency } of claim.anchors) {
      const what = `anchors/${size}.txt`, note = await zip.read(what), old = Checkpoint.read(note, what);
      const fault = old.size === size ? await signedByTheLog(old, claim.origin, policy) : "It has another size.";
      if (fault) return { fault: `${what}: ${fault}` };
      const path = consistency.map((hash) => unbase64(hash, "A path", 32));
      if (!isConsistent(old, checkpoint, path)) return { fault: `The log was rewritten after its first ${size} leaves.` };
      const name = `anchors/${size}.tsr`, stamp = await A.readStamp(await zip.read(name), note, keys, name);
      if (stamp.trusted) found.trusted.push({ size, time: stamp.time, by: "a time stamper" });
    }
    return { ok: `${claim.anchors.length} time stamps, ${found.trusted.length} by a certificate that you brought.` };
  };

  const checkOlder = async ({ claim, checkpoint, policy }, { older, proof }) => {
    const kept = Checkpoint.read(older, "The checkpoint you kept"), fault = await signedByTheLog(kept, claim.origin, policy);
    if (fault) return { fault };
    const pair = kept.size <= checkpoint.size ? [kept, checkpoint] : [checkpoint, kept];
    const [first, ...lines] = proof ? decode(proof, "The proof you brought").split("\n\n")[0].split("\n") : [`old ${pair[0].size}`];
    if (first !== `old ${pair[0].size}`) return { fault: "The proof you brought begins at another size." };
    const path = lines.map((line) => unbase64(line, "A line of the proof", 32));
    if (isConsistent(...pair, path)) return { ok: `Consistent with your checkpoint of ${kept.size} leaves.` };
    return { fault: proof || kept.size === checkpoint.size ? "The log was rewritten since your checkpoint." : "The proof from your checkpoint to this one is missing." };
  };

  /** Read events.jsonl once, showing each line to the checks that look at lines. A check that has failed looks no further. */
  const passLines = async (found, zip, pace) => {
    const { claim, checkpoint } = found, tags = new Tags(claim.tag_key), scope = new Scope(claim, tags);
    const inclusion = new Inclusion(claim, checkpoint), bodies = new Bodies(tags), values = new Values(), table = new Table(zip.chunks("report.csv"));
    const completeness = new Completeness(claim, scope), facts = new Facts(claim);
    const times = new Times([...found.trusted, ...found.witnesses.map(({ name, seconds }) => ({ size: claim.size, time: A.timeAt(seconds), by: name }))]);
    const looking = { inclusion, bodies, values, times, completeness }, faults = {}, kept = new Map();
    const keep = new Set([0, claim.opening, claim.request, claim.size - 1, claim.range?.first, claim.range?.last]);
    let number = 0;
    for await (const lines of A.linesOf(zip.chunks("events.jsonl"))) {
      for (const text of lines) {
        const leaf = A.readLine(text, ++number);
        leaf.inScope = scope.holds(leaf.entry);
        leaf.isRow = leaf.inScope && scope.isRow(leaf.entry);
        for (const [name, check] of Object.entries(looking)) faults[name] ||= check.look(leaf);
        if (faults.bodies) continue; // what an event says that was changed is not read
        facts.look(leaf);
        if (leaf.isRow && (leaf.body || leaf.entry.y === A.MALFORMED)) await table.add(leaf);
        if (keep.has(leaf.n)) kept.set(leaf.n, leaf);
      }
      await pace.step(() => ({ part: "leaves", done: number, of: claim.leaves }));
    }
    Object.assign(found, { inclusion, completeness, values, facts, times, table, bodies, faults, kept });
  };

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
    const { claim } = found, first = own(found, 0, "log.opened"), here = own(found, claim.opening, "log.opened");
    if (!first || !here) return { fault: "A leaf that opens the log is missing or something else." };
    const commitment = hex(sha256(encode("audit-tag-key-v1\0"), unhex(claim.tag_key)));
    if ([first, here].some((detail) => detail.tag_key_sha256 !== commitment)) return { fault: "The tag key is not the one that the log was opened with." };
    if (here.origin !== claim.origin) return { fault: "The leaf that opens the log names another origin." };
    if ([first.previous_origin ?? "", here.reason ?? ""].some((text) => typeof text !== "string")) return { fault: "A leaf that opens the log is malformed." };
    const successor = claim.opening === 0 || (typeof here.previous_origin === "string" && isSuccessor(claim.origin, here.previous_origin));
    if (!successor) return { fault: "The log goes on under a name that does not follow the one before." };
    return { ok: `Leaf 0 and leaf ${claim.opening} fix the tag key.` };
  };

  const isManifest = (detail) => ["objects", "parents", "actors"].every((word) => isIndex(detail[`${word}_n`]) && A.isHex(detail[`${word}_root`])) &&
    isIndex(detail.upto) && isIndex(detail.parents_from) && isTime(detail.closed_until) && isTime(detail.newest);

  const checkManifest = (found) => {
    const n = found.claim.size - 1, detail = own(found, n, "heads.manifest");
    if (!detail || !isManifest(detail)) return { fault: `Leaf ${n} is no manifest of the log.` };
    if (detail.upto !== n) return { fault: `The manifest at leaf ${n} is one of leaf ${detail.upto}.` };
    if (detail.closed_until > found.kept.get(n).entry.r) return { fault: "The manifest calls the log closed for a time to come." };
    found.manifest = detail;
    return { ok: `Leaf ${n} counts ${detail.objects_n} objects, ${detail.parents_n} parents and ${detail.actors_n} actors.` };
  };

  const checkRequest = ({ claim, kept }) => {
    const leaf = kept.get(claim.request), asked = leaf?.body?.action_detail?.scope;
    if (leaf?.entry.y !== "export.requested" || claim.request >= claim.size - 1) return { fault: "The leaf of the request is missing or something else." };
    if (leaf.body?.object?.ref !== `report:${claim.report}`) return { fault: "The request was for another report." };
    if (asked === undefined || A.canonical(asked) !== A.canonical(claim.scope)) return { fault: "The request was for another scope or period." };
    return { ok: `Leaf ${claim.request} asked for this report.` };
  };

  const verifyBundle = async (file, brought, pace) => {
    const report = new Report(), found = { witnesses: [], signers: [], trusted: [] }, zip = await Zip.open(file);
    const readable = await report.check("files", () => checkFiles(found, zip, pace));
    const ownPolicy = readable && (await zip.read("policy.txt"));
    const trust = !brought.policy ? "own" : readable && equal(brought.policy, ownPolicy) ? "same" : "brought";
    const base = readable &&
      (await report.check("policy", () => checkPolicy(found, brought.policy ?? ownPolicy, trust))) &&
      (await report.check("checkpoint", async () => checkCheckpoint(found, await zip.read("checkpoint.txt"), found.claim)));
    if (!base) return report.result(found, []);
    await report.check("witnesses", () => checkWitnesses(found));
    const anchors = new Report();
    await anchors.check("anchors", () => checkAnchors(found, zip, brought.tsa));
    const looked = (name, sentence) => async () => ({ fault: found.faults[name] || (await found[name].end?.(found)), ...sentence() });
    await passLines(found, zip, pace);
    await report.check("inclusion", looked("inclusion", () => ({ ok: `${found.inclusion.lines} leaves lead to the root of the checkpoint.` })));
    await report.check("bodies", looked("bodies", () => ({ ok: `${found.bodies.read} events are the ones that were sealed.` })));
    await report.check("values", looked("values", () => found.values.shown ? { ok: `${found.values.shown} values are the ones committed to.` } : { none: "No personal value is shown." }));
    await report.check("opening", () => checkOpening(found));
    await report.check("manifest", () => checkManifest(found));
    await report.check("request", () => checkRequest(found));
    const manifests = (n) => own(found, n, "heads.manifest");
    await report.check("completeness", () => ({ fault: found.faults.completeness || found.completeness.end(manifests), ok: "No event of the scope is missing." }));
    report.checks.push(...anchors.checks);
    if (brought.older) await report.check("older", () => checkOlder(found, brought));
    await report.check("times", looked("times", () => ({ ok: `No leaf was dated back: compared with ${found.times.manifests} manifests, ${found.witnesses.length} cosignatures and ${found.trusted.length} time stamps.` })));
    await report.check("table", async () => ({ fault: await found.table.end(), ok: `${found.table.rows} rows say what the events say.` }));
    const { kept, claim } = found;
    Object.assign(found, { first: kept.get(0), opening: kept.get(claim.opening), request: kept.get(claim.request) });
    return report.result(found, report.failed ? [] : A.statementOf(found));
  };

  const verify = async (file, brought = {}, options = {}) => {
    try {
      if (!globalThis.crypto?.subtle) throw new NotChecked("this page computes hashes only over https, from localhost or from a file");
      const pace = new Pace(options), start = new Uint8Array(await file.slice(0, PROOF.length).arrayBuffer());
      const single = equal(start, encode(PROOF));
      return await (single ? A.verifyProof(file, brought) : verifyBundle(file, brought, pace));
    } catch (error) {
      if (error.name === "AbortError") throw error;
      const why = error instanceof NotChecked ? error.message : `this verifier met an error that it did not expect (${error.message})`;
      return { checks: [], statement: [], verdict: `NOT CHECKED: ${why}`, exit_code: 2 };
    }
  };

  Object.assign(A, { verify, Report, checkPolicy, checkCheckpoint, checkWitnesses });
})();
