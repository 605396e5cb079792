/* The proof of a single event (C2SP tlog-proof; docs/trail-format.md, section 9). It says nothing about completeness. */
"use strict";
(() => {
  const A = auditVerifier;
  const { demand, decode, encode, unbase64, decimal, isObject, hasKeys, hex, sha256, NotChecked } = A;
  const FORM = /^c2sp\.org\/tlog-proof@v1\nextra (\S+)\nindex (0|[1-9][0-9]{0,15})\n((?:\S+\n){0,63})\n([^]*)$/;
  const LARGEST = 2 ** 20;

  const octets = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

  /** The parts of the file, whose bytes are the characters of `text`. */
  const splitProof = (text) => {
    const [whole, extra, index, path, note] = FORM.exec(text) ?? [];
    if (whole === undefined) throw new NotChecked("this is not a proof of an event");
    return { extra, index, path: path.split("\n").slice(0, -1), note: octets(note) };
  };

  const checkInclusion = ({ checkpoint }, proof, leaf) => {
    const what = "The event of the proof",
      index = decimal(proof.index, "The index");
    const said = A.parse(decode(unbase64(proof.extra, what), what), what);
    const formed =
      hasKeys(said, ["body", "entry", "reveal"]) && typeof said.body === "string" && typeof said.entry === "string";
    demand(formed && isObject(said.reveal), `${what} is malformed.`);
    const entry = A.parse(said.entry, "The entry"),
      fault = A.faultOfEntry(entry);
    Object.assign(leaf, { entry, bodyText: said.body, reveal: said.reveal });
    if (fault) return { fault: `The entry ${fault}.` };
    if (entry.n !== index) return { fault: `The entry is of leaf ${entry.n}, not of leaf ${index}.` };
    const path = proof.path.map((line) => unbase64(line, "A line of the proof", 32));
    const included = A.isIncluded(encode(said.entry), index, checkpoint.size, path, checkpoint.root);
    return included
      ? { ok: `Leaf ${index} is in the log.` }
      : { fault: "The entry does not lead to the root of the checkpoint." };
  };

  const checkBody = (leaf) => {
    const body = (leaf.body = A.parse(leaf.bodyText, "The event")),
      fault = A.faultOfBody(leaf);
    return fault ? { fault: `The event ${fault}.` } : { ok: `The event is ${body.type}, by ${body.actor.ref}.` };
  };

  const checkValues = ({ body, reveal }) => {
    const fields = Object.keys(reveal);
    for (const field of fields) {
      const fault = A.faultOfReveal(body, field, reveal[field]);
      if (fault) return { fault: `${field} ${fault}.` };
    }
    return fields.length
      ? { ok: `${A.many(fields.length, "1 value matches", "values match")} the commitments.` }
      : { none: "No personal value is shown." };
  };

  const checkTimes = ({ witnesses }, { entry }) => {
    const early = witnesses.find(({ seconds }) => entry.r > A.aMinuteAfter(A.timeAt(seconds)));
    if (early) return { fault: `The event was recorded after ${early.name} had seen it.` };
    if (!witnesses.length) return { none: "No witness has signed." };
    return {
      ok: `Recorded at ${A.readable(entry.r)}, before ${A.many(witnesses.length, "1 witness", "witnesses")} signed.`,
    };
  };

  const verifyProof = async (file, { policy }) => {
    if (file.size > LARGEST) throw new NotChecked("this is not a proof of an event");
    const proof = splitProof(A.latin(new Uint8Array(await file.arrayBuffer())));
    const report = new A.Report(),
      found = { trusted: [], witnesses: [], signers: [] },
      leaf = {};
    await report.check("policy", () =>
      policy ? A.checkPolicy(found, policy, "brought") : { fault: "A single proof contains no policy. Choose your own." },
    );
    await report.check("checkpoint", () => A.checkCheckpoint(found, proof.note));
    await report.check("witnesses", () => A.checkWitnesses(found));
    await report.check("inclusion", () => checkInclusion(found, proof, leaf));
    await report.check("bodies", () => checkBody(leaf));
    await report.check("values", () => checkValues(leaf));
    await report.check("times", () => checkTimes(found, leaf));
    return report.result(found);
  };

  auditVerifier.verifyProof = verifyProof;
})();
