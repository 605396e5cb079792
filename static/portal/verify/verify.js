/* The checks of a bundle or of a single event's proof, in their order (docs/trail-format.md, section 9).

   `auditVerifier.verify(file, brought, {progress, signal})` takes a File or Blob, what the auditor brought as bytes (`policy`, `tsa`,
   `older`, `proof`), a function that hears how far the check is, and an AbortSignal. It answers
   `{checks: [{name, state, sentence}], statement: [{name, text}], verdict, exit_code}`. */
"use strict";
(() => {
  const A = auditVerifier;
  const { Malformed, NotChecked, Zip, Checkpoint, Policy, Scope, Tags, Facts, Inclusion, Bodies, Values, Times, Completeness, Table } = A;
  const { encode, decode, equal, hex, unhex, sha256, unbase64, many, isConsistent, isIndex, isTime } = A;
  const PROOF = "c2sp.org/tlog-proof@v";
  const LONGEST_SUMS = 100_000;
  const MOST_OF_THE_LOG = 2; // signatures by the log itself: two while its key is being replaced

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

  /** Without what these find out, nothing that follows can be checked. */
  const FUNDAMENTAL = ["files", "policy", "checkpoint", "inclusion", "bodies", "manifest"];

  /** The checks that were done. A check is a function that gives `{fault}`, `{none}` or `{ok}` with a sentence, or throws Malformed. */
  class Report {
    constructor() {
      Object.assign(this, { checks: [], broken: "" });
    }

    async check(name, work) {
      const said = this.broken ? { none: `Not looked at, because the check "${this.broken}" has failed.` } : await this.outcome(work);
      const state = said.fault ? "fail" : said.none ? "none" : "ok";
      this.checks.push({ name, state, sentence: said.fault || said.none || said.ok });
      if (state === "fail" && FUNDAMENTAL.includes(name)) this.broken = name;
    }

    /** The one place where malformed input becomes a sentence. */
    async outcome(work) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof Malformed) return { fault: error.message };
        throw error;
      }
    }

    get failed() {
      return this.checks.some(({ state }) => state === "fail");
    }

    result(found) {
      if (this.failed) return { checks: this.checks, statement: [], verdict: "INVALID", exit_code: 1 };
      const statement = found.claim ? A.statementOf(found) : [];
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
    const { logs, witnesses, unknown } = found.policy;
    const skipped = unknown ? ` Skipped: ${many(unknown, "1 key", "keys")} of a type that this verifier does not know.` : "";
    return { ok: `It names ${many(logs.length, "1 log key", "log keys")} and ${many(witnesses.length, "1 witness", "witnesses")}.${skipped}` };
  };

  const checkCheckpoint = async (found, bytes, claimed) => {
    const checkpoint = (found.checkpoint = Checkpoint.read(bytes, "checkpoint.txt"));
    if (claimed && checkpoint.size !== claimed.size) return { fault: "The checkpoint has another size than bundle.json says." };
    const origin = claimed ? claimed.origin : checkpoint.origin, fault = await signedByTheLog(checkpoint, origin, found.policy);
    return fault ? { fault } : { ok: `${checkpoint.origin} has signed ${many(checkpoint.size, "1 leaf", "leaves")}.` };
  };

  // --- a bundle

  /** Every byte is the one that SHA256SUMS and bundle.json speak of. */
  const checkFiles = async (found, zip, pace) => {
    const { size, offset } = zip.entries.get("SHA256SUMS"), of = [...zip.entries.values()].reduce((sum, entry) => sum + entry.size, offset);
    let done = 0;
    const step = (length) => {
      done += length;
      return pace.step(() => ({ part: "files", done, of }));
    };
    const names = [...zip.entries.keys()].filter((name) => name !== "SHA256SUMS").sort();
    if (size > LONGEST_SUMS) return { fault: "SHA256SUMS is too long." };
    const sums = decode(await zip.read("SHA256SUMS"), "SHA256SUMS");
    const last = `# ${hex(await zip.hashOfStart(offset, step))}  the ${offset} bytes before this file\n`, hashes = {};
    if (!sums.endsWith(last)) return { fault: "The file was changed after SHA256SUMS was written." };
    for (const name of names) {
      hashes[name] = hex(await zip.hashOf(name, step));
      if (!sums.includes(`${hashes[name]}  ${name}\n`)) return { fault: `${name} is not the file that SHA256SUMS speaks of.` };
    }
    if (sums !== names.map((name) => `${hashes[name]}  ${name}\n`).join("") + last) return { fault: "SHA256SUMS has other lines than agreed." };
    const claim = A.readClaim(decode(await zip.read("bundle.json"), "bundle.json")), fault = A.faultOfClaim(claim);
    if (fault) return { fault };
    const other = Object.keys(claim.files).find((name) => claim.files[name] !== hashes[name]);
    if (other) return { fault: `${other} is not the file that bundle.json speaks of.` };
    if (claim.anchors.map((anchor) => anchor.size).join() !== zip.anchors.join()) return { fault: "The anchors in the zip are not those of bundle.json." };
    found.claim = claim;
    return { ok: `${zip.entries.size} files, each as it was packed.` };
  };

  const checkAnchors = async (found, zip, tsa) => {
    const { claim, checkpoint, policy } = found, keys = A.readCertificates(tsa ?? new Uint8Array());
    if (!claim.anchors.length) return { none: "The bundle has no time stamps." };
    for (const { size, consistency } of claim.anchors) {
      const what = `anchors/${size}.txt`, note = await zip.read(what), old = Checkpoint.read(note, what);
      if (old.signatures.length > MOST_OF_THE_LOG) return { fault: `${what} holds signatures of others than the log.` };
      const fault = old.size === size ? await signedByTheLog(old, claim.origin, policy) : "It has another size.";
      if (fault) return { fault: `${what}: ${fault}` };
      const path = consistency.map((hash) => unbase64(hash, "A path", 32));
      if (!isConsistent(old, checkpoint, path)) return { fault: `The log was rewritten after its first ${size} leaves.` };
      const name = `anchors/${size}.tsr`, stamp = await A.readStamp(await zip.read(name), note, keys, name);
      if (stamp.trusted) found.trusted.push({ size, time: stamp.time, by: "a time stamper" });
    }
    return { ok: `${many(claim.anchors.length, "1 time stamp", "time stamps")}, ${found.trusted.length} by a certificate that you brought.` };
  };

  const checkOlder = async ({ claim, checkpoint, policy }, { older, proof }) => {
    const kept = Checkpoint.read(older, "The checkpoint you kept"), fault = await signedByTheLog(kept, claim.origin, policy);
    if (fault) return { fault };
    const pair = kept.size <= checkpoint.size ? [kept, checkpoint] : [checkpoint, kept];
    const [first, ...lines] = proof ? decode(proof, "The proof you brought").split("\n\n")[0].replace(/\n+$/, "").split("\n") : [`old ${pair[0].size}`];
    if (first !== `old ${pair[0].size}`) return { fault: "The proof you brought begins at another size." };
    const path = lines.map((line) => unbase64(line, "A line of the proof", 32));
    if (isConsistent(...pair, path)) return { ok: `Consistent with your checkpoint of ${kept.size} leaves.` };
    return { fault: proof || kept.size === checkpoint.size ? "The log was rewritten since your checkpoint." : "The proof from your checkpoint to this one is missing." };
  };

  /** Read events.jsonl once, showing each line to the checks that look at lines. Each keeps the first thing it finds wrong. */
  const checkInclusion = async (found, zip, pace) => {
    const { claim, checkpoint } = found, tags = new Tags(claim.tag_key), scope = new Scope(claim, tags);
    const inclusion = new Inclusion(claim, checkpoint), bodies = new Bodies(claim, tags), table = new Table(zip.chunks("report.csv"));
    const lookers = [new Values(), new Completeness(claim, scope), new Times(claim), new Facts(claim)], kept = new Map();
    const keep = new Set([0, claim.opening, claim.request, claim.size - 1, claim.range?.first, claim.range?.last]);
    let number = 0;
    for await (const lines of A.linesOf(zip.chunks("events.jsonl"))) {
      for (const text of lines) {
        const leaf = A.readLine(text, ++number);
        leaf.inScope = scope.holds(leaf.entry);
        leaf.isRow = leaf.inScope && scope.isRow(leaf.entry);
        const fault = inclusion.look(leaf);
        if (fault) return { fault };
        if (keep.has(leaf.n)) kept.set(leaf.n, leaf);
        bodies.fault ||= bodies.look(leaf);
        if (bodies.fault) continue; // nothing more is read of events that were changed
        for (const one of lookers) one.fault ||= one.look(leaf);
        if (leaf.isRow) await table.add(leaf);
      }
      await pace.step(() => ({ part: "leaves", done: number, of: Math.max(claim.leaves, number) }));
    }
    const [values, completeness, times, facts] = lookers;
    Object.assign(found, { kept, bodies, values, completeness, times, facts, table });
    const fault = inclusion.end() || inclusion.faultOfVersions(kept.get(claim.size - 1)?.body?.action_detail?.parents_from);
    return { fault, ok: `${many(number, "1 leaf leads", "leaves lead")} to the root of the checkpoint.` };
  };

  const checkValues = ({ values }) => {
    if (!values.fault && !values.shown) return { none: "No personal value is shown." };
    return { fault: values.fault, ok: `${many(values.shown, "1 value is", "values are")} what the events commit to.` };
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
    const texts = [first, here].flatMap(({ origin, previous_origin, reason }) => [origin, previous_origin, reason]);
    if (texts.some((text) => text !== undefined && typeof text !== "string")) return { fault: "A leaf that opens the log is malformed." };
    if (claim.opening > 0 && here.reason === undefined) return { fault: `Leaf ${claim.opening} gives no reason.` };
    if (claim.opening > 0 && !(here.previous_origin && isSuccessor(claim.origin, here.previous_origin))) return { fault: "The log goes on under a name that does not follow the one before." };
    return { ok: claim.opening ? `Leaf 0 and leaf ${claim.opening} fix the tag key.` : "Leaf 0 fixes the tag key." };
  };

  const isManifest = (detail) => ["objects", "parents", "actors"].every((word) => isIndex(detail[`${word}_n`]) && A.isHex(detail[`${word}_root`])) &&
    isIndex(detail.upto) && isIndex(detail.parents_from) && isTime(detail.closed_until) && isTime(detail.newest);

  const checkManifest = (found) => {
    const n = found.claim.size - 1, detail = own(found, n, "heads.manifest");
    if (!detail || !isManifest(detail)) return { fault: `Leaf ${n} is no manifest of the log.` };
    if (detail.upto !== n) return { fault: `The manifest at leaf ${n} is one of leaf ${detail.upto}.` };
    if (detail.closed_until > found.kept.get(n).entry.r) return { fault: "The manifest calls the log closed for a time to come." };
    found.manifest = detail;
    return { ok: `Leaf ${n} counts ${many(detail.objects_n, "1 object", "objects")}, ${many(detail.parents_n, "1 parent", "parents")} and ${many(detail.actors_n, "1 actor", "actors")}.` };
  };

  const checkRequest = ({ claim, kept }) => {
    const leaf = kept.get(claim.request), asked = leaf?.body?.action_detail?.scope;
    if (leaf?.entry.y !== "export.requested" || claim.request >= claim.size - 1) return { fault: "The leaf of the request is missing or something else." };
    if (leaf.body?.object?.ref !== `report:${claim.report}`) return { fault: "The request was for another report." };
    if (asked === undefined || A.canonical(asked) !== A.canonical(claim.scope)) return { fault: "The request was for another scope or period." };
    return { ok: `Leaf ${claim.request} asked for this report.` };
  };

  const checkCompleteness = (found) => {
    const { completeness } = found, fault = completeness.fault || completeness.end((n) => own(found, n, "heads.manifest"));
    return { fault, ok: `${many(completeness.leaves, "1 leaf is", "leaves are")} of the scope, and none is missing.` };
  };

  const checkTimes = ({ times, witnesses, trusted }) => {
    const bounds = `${many(witnesses.length, "1 cosignature", "cosignatures")} and ${many(trusted.length, "1 time stamp", "time stamps")}`;
    return { fault: times.fault || times.end(witnesses, trusted), ok: `No leaf was dated back, compared with ${many(times.manifests, "1 manifest", "manifests")}, ${bounds}.` };
  };

  const checkTable = async ({ table }) => ({ fault: await table.end(), ok: `${many(table.rows, "1 row says", "rows say")} what the events say.` });

  const verifyBundle = async (file, brought, pace) => {
    const zip = await Zip.open(file), found = { witnesses: [], signers: [], trusted: [] }, report = new Report();
    await report.check("files", () => checkFiles(found, zip, pace));
    await report.check("policy", async () => {
      const inside = await zip.read("policy.txt"), same = brought.policy && equal(brought.policy, inside);
      return checkPolicy(found, brought.policy ?? inside, same ? "same" : brought.policy ? "brought" : "own");
    });
    await report.check("checkpoint", async () => checkCheckpoint(found, await zip.read("checkpoint.txt"), found.claim));
    await report.check("witnesses", () => checkWitnesses(found));
    await report.check("inclusion", () => checkInclusion(found, zip, pace));
    await report.check("bodies", () => ({ fault: found.bodies.fault, ok: `${many(found.bodies.read, "1 event is the one that was", "events are the ones that were")} sealed.` }));
    await report.check("values", () => checkValues(found));
    await report.check("opening", () => checkOpening(found));
    await report.check("manifest", () => checkManifest(found));
    await report.check("request", () => checkRequest(found));
    await report.check("completeness", () => checkCompleteness(found));
    await report.check("anchors", () => checkAnchors(found, zip, brought.tsa));
    if (brought.older) await report.check("older", () => checkOlder(found, brought));
    await report.check("times", () => checkTimes(found));
    await report.check("table", () => checkTable(found));
    return report.result(found);
  };

  const verify = async (file, brought = {}, options = {}) => {
    try {
      if (!globalThis.crypto?.subtle) throw new NotChecked("this page computes hashes only over https, from localhost or from a file");
      const pace = new Pace(options), start = new Uint8Array(await file.slice(0, PROOF.length).arrayBuffer());
      return await (equal(start, encode(PROOF)) ? A.verifyProof(file, brought) : verifyBundle(file, brought, pace));
    } catch (error) {
      if (error.name === "AbortError") throw error;
      const why = error instanceof NotChecked ? error.message : `this verifier met an error that it did not expect (${error.message})`;
      return { checks: [], statement: [], verdict: `NOT CHECKED: ${why}`, exit_code: 2 };
    }
  };

  Object.assign(A, { verify, Report, checkPolicy, checkCheckpoint, checkWitnesses });
})();
