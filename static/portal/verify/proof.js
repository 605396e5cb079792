/* The proof of a single event (C2SP tlog-proof; docs/trail-format.md, section 9). It says nothing about completeness. */
"use strict";
(() => {
  const A = auditVerifier;
  const { demand, decode, encode, unbase64, decimal, isObject, hasKeys, hex, sha256, NotChecked } = A;
  const FORM = /^c2sp\.org\/tlog-proof@v1\nextra (\S+)\nindex (\S+)\n((?:\S+\n){0,63})\n([^]*)$/;
  const LARGEST = 2 ** 20;

  const readProof = (text) => {
    const parts = FORM.exec(text);
    demand(parts, "This is no proof of an event.");
    const [, extra, index, path, note] = parts, what = "What stands beside the proof";
    const said = A.parse(decode(unbase64(extra, what), what), what);
    demand(hasKeys(said, ["body", "entry", "reveal"]) && typeof said.body === "string" && typeof said.entry === "string", `${what} is malformed.`);
    const hashes = path.split("\n").slice(0, -1).map((line) => unbase64(line, "A line of the proof", 32));
    return { ...said, index: decimal(index, "The index"), path: hashes, note: encode(note) };
  };

  const checkInclusion = ({ proof, checkpoint }, leaf) => {
    const { entry } = leaf, fault = A.faultOfEntry(entry);
    if (fault) return { fault: `The entry ${fault}.` };
    if (entry.n !== proof.index) return { fault: `The entry is of leaf ${entry.n}, not of leaf ${proof.index}.` };
    const included = A.isIncluded(encode(proof.entry), proof.index, checkpoint.size, proof.path, checkpoint.root);
    return included ? { ok: `Leaf ${entry.n} stands in the log.` } : { fault: "The entry does not lead to the root of the checkpoint." };
  };

  const checkBody = ({ proof }, { entry, body }) => {
    if (hex(sha256(encode(proof.body))) !== entry.bh) return { fault: "The event was changed." };
    const fault = A.faultOfEvent(body, proof.body);
    if (fault) return { fault: `The event ${fault}.` };
    const same = body.id === entry.e && body.type === entry.y && body.outcome === entry.o;
    return same ? { ok: `The event is ${body.type}, by ${body.actor.ref}.` } : { fault: "The event is not the one that its entry names." };
  };

  const checkValues = ({ proof }, { body }) => {
    const fields = Object.keys(proof.reveal);
    for (const field of fields) {
      const fault = A.faultOfReveal(body, field, proof.reveal[field]);
      if (fault) return { fault: `${field} ${fault}.` };
    }
    return fields.length ? { ok: `${fields.length} values are the ones committed to.` } : { none: "No personal value is shown." };
  };

  const checkTimes = ({ witnesses }, { entry }) => {
    const early = witnesses.find(({ seconds }) => entry.r > A.aMinuteAfter(A.timeAt(seconds)));
    if (early) return { fault: `The event was recorded after ${early.name} had seen it.` };
    return witnesses.length ? { ok: `Recorded at ${A.readable(entry.r)}, before ${witnesses.length} witnesses signed.` } : { none: "No witness has signed." };
  };

  const verifyProof = async (file, { policy }) => {
    if (!policy) throw new NotChecked("a single proof is checked by the policy that you bring");
    if (file.size > LARGEST) throw new NotChecked("the proof is too large");
    const report = new A.Report(), found = { trusted: [], witnesses: [], signers: [] }, leaf = {};
    const base =
      (await report.check("policy", () => A.checkPolicy(found, policy, "brought"))) &&
      (await report.check("checkpoint", async () => {
        found.proof = readProof(decode(new Uint8Array(await file.arrayBuffer()), "The proof"));
        return A.checkCheckpoint(found, found.proof.note);
      }));
    if (!base) return report.result(found, []);
    await report.check("witnesses", () => A.checkWitnesses(found));
    const sound =
      (await report.check("inclusion", () => {
        demand(isObject(found.proof.reveal), "What the proof reveals is malformed.");
        leaf.entry = A.parse(found.proof.entry, "The entry");
        return checkInclusion(found, leaf);
      })) &&
      (await report.check("bodies", () => {
        leaf.body = A.parse(found.proof.body, "The event");
        return checkBody(found, leaf);
      }));
    if (!sound) return report.result(found, []);
    await report.check("values", () => checkValues(found, leaf));
    await report.check("times", () => checkTimes(found, leaf));
    return report.result(found, [
      { name: "Seen by", text: A.seenBy(found.witnesses) },
      { name: "Trust", text: A.TRUST[found.trust] },
    ]);
  };

  auditVerifier.verifyProof = verifyProof;
})();
