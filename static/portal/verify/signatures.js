/* The checks of everything that is signed: policy, checkpoint, cosignatures, anchors, the checkpoint that an auditor kept. */
"use strict";
(() => {
  const { Checkpoint, Policy, decode, many, unbase64, isConsistent, readCertificates, readStamp, seenBy } =
    auditVerifier;
  const MOST_OF_THE_LOG = 2; // signatures by the log itself: two while its key is being replaced

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
    const { policy, checkpoint } = found,
      signed = new Map();
    for (const { name, key } of policy.witnesses.filter(({ key: known }) => known)) {
      const line = await checkpoint.signedBy(key);
      if (line.wrong) return { fault: `The signature of the witness ${name} is wrong.` };
      if (line.signed) signed.set(name, line.seconds);
    }
    found.witnesses = policy.witnesses
      .filter(({ name }) => signed.has(name))
      .map(({ name }) => ({ name, seconds: signed.get(name) }));
    const reached = policy.reached();
    found.signers = found.witnesses.filter(({ name }) => reached.has(name)).map(({ name }) => name);
    if (!policy.isMet(signed)) return { fault: "Fewer witnesses have signed than the policy requires." };
    if (!signed.size) return { none: "The policy requires no witness, and none has signed." };
    return { ok: `Signed by ${seenBy(found.witnesses)}.` };
  };

  const checkPolicy = (found, bytes, trust) => {
    found.policy = Policy.read(bytes);
    found.trust = trust;
    const { logs, witnesses, unknown } = found.policy;
    const skipped = unknown
      ? ` Ignored: ${many(unknown, "1 key", "keys")} of an unknown type.`
      : "";
    return {
      ok: `The policy names ${many(logs.length, "1 log key", "log keys")} and ${many(witnesses.length, "1 witness", "witnesses")}.${skipped}`,
    };
  };

  const checkCheckpoint = async (found, bytes, claimed) => {
    const checkpoint = (found.checkpoint = Checkpoint.read(bytes, "checkpoint.txt"));
    if (claimed && checkpoint.size !== claimed.size)
      return { fault: "The checkpoint has another size than bundle.json says." };
    const origin = claimed ? claimed.origin : checkpoint.origin,
      fault = await signedByTheLog(checkpoint, origin, found.policy);
    return fault ? { fault } : { ok: `${checkpoint.origin} has signed ${many(checkpoint.size, "1 leaf", "leaves")}.` };
  };

  const checkAnchors = async (found, zip, tsa) => {
    const { claim, checkpoint, policy } = found,
      keys = readCertificates(tsa ?? new Uint8Array());
    if (!claim.anchors.length) return { none: "The bundle has no time stamps." };
    for (const { size, consistency } of claim.anchors) {
      const what = `anchors/${size}.txt`,
        note = await zip.read(what),
        old = Checkpoint.read(note, what);
      if (old.signatures.length > MOST_OF_THE_LOG) return { fault: `${what} holds signatures of others than the log.` };
      const fault = old.size === size ? await signedByTheLog(old, claim.origin, policy) : "It has another size.";
      if (fault) return { fault: `${what}: ${fault}` };
      const path = consistency.map((hash) => unbase64(hash, "A path", 32));
      if (!isConsistent(old, checkpoint, path))
        return { fault: `The log was rewritten after its first ${size} leaves.` };
      const name = `anchors/${size}.tsr`,
        stamp = await readStamp(await zip.read(name), note, keys, name);
      if (stamp.trusted) found.trusted.push({ size, time: stamp.time, by: "a time stamper" });
    }
    return {
      ok: `${many(claim.anchors.length, "1 time stamp", "time stamps")}, ${found.trusted.length} verified with your certificate.`,
    };
  };

  const checkOlder = async ({ claim, checkpoint, policy }, { older, proof }) => {
    const kept = Checkpoint.read(older, "Your checkpoint"),
      fault = await signedByTheLog(kept, claim.origin, policy);
    if (fault) return { fault };
    const pair = kept.size <= checkpoint.size ? [kept, checkpoint] : [checkpoint, kept];
    const [first, ...lines] = proof
      ? decode(proof, "Your proof").split("\n\n")[0].replace(/\n+$/, "").split("\n")
      : [`old ${pair[0].size}`];
    if (first !== `old ${pair[0].size}`) return { fault: "Your proof begins at another size." };
    const path = lines.map((line) => unbase64(line, "A line of the proof", 32));
    if (isConsistent(...pair, path)) return { ok: `Consistent with your checkpoint of ${kept.size} leaves.` };
    return {
      fault:
        proof || kept.size === checkpoint.size
          ? "The log was rewritten since your checkpoint."
          : "The proof from your checkpoint to this one is missing.",
    };
  };

  Object.assign(auditVerifier, { checkPolicy, checkCheckpoint, checkWitnesses, checkAnchors, checkOlder });
})();
