/* The checks of a bundle or of a single event's proof, in their order (docs/trail-format.md, section 9).

   `auditVerifier.verify(file, brought, {progress, signal})` takes a File or Blob, what the auditor brought as bytes (`policy`, `tsa`,
   `older`, `proof`), a function that receives the progress, and an AbortSignal. It returns
   `{checks: [{name, state, sentence}], statement: [{name, text}], verdict, exit_code}`. */
"use strict";
(() => {
  const A = auditVerifier;
  const { NotChecked, Zip, Scope, Tags, Facts, Inclusion, Bodies, Values, Times, Completeness, Table, Pace, Report } =
    A;
  const { encode, decode, equal, hex, many, own } = A;
  const PROOF = "c2sp.org/tlog-proof@v";
  const LONGEST_SUMS = 100_000,
    LONGEST_CLAIM = 2 ** 20; // longer than anything of their form

  /** Compare every byte with the hashes in SHA256SUMS and bundle.json. */
  const checkFiles = async (found, zip, pace) => {
    const { size, offset } = zip.entries.get("SHA256SUMS"),
      of = [...zip.entries.values()].reduce((sum, entry) => sum + entry.size, offset);
    let done = 0;
    const step = (length) => {
      done += length;
      return pace.step(() => ({ part: "files", done, of }));
    };
    const names = [...zip.entries.keys()].filter((name) => name !== "SHA256SUMS").sort();
    if (size >= LONGEST_SUMS) return { fault: "SHA256SUMS is too long." };
    const sums = decode(await zip.read("SHA256SUMS"), "SHA256SUMS");
    const last = `# ${hex(await zip.hashOfStart(offset, step))}  the ${offset} bytes before this file\n`,
      hashes = {};
    if (!sums.endsWith(last)) return { fault: "The file was changed after SHA256SUMS was written." };
    for (const name of names) {
      hashes[name] = hex(await zip.hashOf(name, step));
      if (!sums.includes(`${hashes[name]}  ${name}\n`))
        return { fault: `${name} has another hash than in SHA256SUMS.` };
    }
    if (sums !== names.map((name) => `${hashes[name]}  ${name}\n`).join("") + last)
      return { fault: "SHA256SUMS has unexpected lines." };
    if (zip.entries.get("bundle.json").size > LONGEST_CLAIM) return { fault: "bundle.json is too long." };
    const claim = A.readClaim(decode(await zip.read("bundle.json"), "bundle.json")),
      fault = A.faultOfClaim(claim);
    if (fault) return { fault };
    const other = Object.keys(claim.files).find((name) => claim.files[name] !== hashes[name]);
    if (other) return { fault: `${other} has another hash than in bundle.json.` };
    if (claim.anchors.map((anchor) => anchor.size).join() !== zip.anchors.join())
      return { fault: "The anchors in the zip are not those of bundle.json." };
    found.claim = claim;
    return { ok: `${zip.entries.size} files, unchanged since the bundle was built.` };
  };

  /** Read events.jsonl once, showing each line to the checks that look at lines. Each keeps the first thing it finds wrong. */
  const checkInclusion = async (found, zip, pace) => {
    const { claim, checkpoint } = found,
      tags = new Tags(claim.tag_key),
      scope = new Scope(claim, tags);
    const inclusion = new Inclusion(claim, checkpoint),
      bodies = new Bodies(claim, tags),
      table = new Table(zip.chunks("report.csv"));
    const lookers = [new Values(), new Completeness(claim, scope), new Times(claim), new Facts(claim)],
      kept = new Map();
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
    const fault =
      inclusion.end() || inclusion.faultOfVersions(kept.get(claim.size - 1)?.body?.action_detail?.parents_from);
    return { fault, ok: `${many(number, "1 leaf leads", "leaves lead")} to the root of the checkpoint.` };
  };

  const checkValues = ({ values }) => {
    if (!values.fault && !values.shown) return { none: "No personal value is shown." };
    return { fault: values.fault, ok: `${many(values.shown, "1 value matches", "values match")} the commitments.` };
  };

  const checkCompleteness = (found) => {
    const { completeness } = found,
      fault = completeness.fault || completeness.end((n) => own(found, n, "heads.manifest"));
    return { fault, ok: `${many(completeness.leaves, "1 leaf is", "leaves are")} in the scope; none is missing.` };
  };

  const checkTimes = ({ times, witnesses, trusted }) => {
    const bounds = `${many(witnesses.length, "1 cosignature", "cosignatures")} and ${many(trusted.length, "1 time stamp", "time stamps")}`;
    return {
      fault: times.fault || times.end(witnesses, trusted),
      ok: `No leaf was backdated, compared with ${many(times.manifests, "1 manifest", "manifests")}, ${bounds}.`,
    };
  };

  const checkTable = async ({ table }) => ({
    fault: await table.end(),
    ok: `${many(table.rows, "1 row matches", "rows match")} the events.`,
  });

  const verifyBundle = async (file, brought, pace) => {
    const zip = await Zip.open(file),
      found = { witnesses: [], signers: [], trusted: [] },
      report = new Report();
    await report.check("files", () => checkFiles(found, zip, pace));
    await report.check("policy", async () => {
      const inside = await zip.read("policy.txt"),
        same = brought.policy && equal(brought.policy, inside);
      return A.checkPolicy(found, brought.policy ?? inside, same ? "same" : brought.policy ? "brought" : "own");
    });
    await report.check("checkpoint", async () =>
      A.checkCheckpoint(found, await zip.read("checkpoint.txt"), found.claim),
    );
    await report.check("witnesses", () => A.checkWitnesses(found));
    await report.check("inclusion", () => checkInclusion(found, zip, pace));
    await report.check("bodies", () => ({
      fault: found.bodies.fault,
      ok: `${many(found.bodies.read, "1 event is the one that was", "events are the ones that were")} sealed.`,
    }));
    await report.check("values", () => checkValues(found));
    await report.check("opening", () => A.checkOpening(found));
    await report.check("manifest", () => A.checkManifest(found));
    await report.check("request", () => A.checkRequest(found));
    await report.check("completeness", () => checkCompleteness(found));
    await report.check("anchors", () => A.checkAnchors(found, zip, brought.tsa));
    if (brought.older) await report.check("older", () => A.checkOlder(found, brought));
    await report.check("times", () => checkTimes(found));
    await report.check("table", () => checkTable(found));
    return report.result(found);
  };

  const verify = async (file, brought = {}, options = {}) => {
    try {
      if (!globalThis.crypto?.subtle)
        throw new NotChecked("this page computes hashes only over https, from localhost or from a file");
      const pace = new Pace(options),
        start = new Uint8Array(await file.slice(0, PROOF.length).arrayBuffer());
      return await (equal(start, encode(PROOF)) ? A.verifyProof(file, brought) : verifyBundle(file, brought, pace));
    } catch (error) {
      if (error.name === "AbortError") throw error;
      const why =
        error instanceof NotChecked
          ? error.message
          : "this page has a fault; tell whoever gave it to you";
      if (!(error instanceof NotChecked)) console.error(error);
      return { checks: [], statement: [], verdict: `NOT CHECKED: ${why}`, exit_code: 2 };
    }
  };

  A.verify = verify;
})();
