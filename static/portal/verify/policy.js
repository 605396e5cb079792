/* The trust policy (C2SP tlog-policy; docs/trail-format.md, section 5): whose signatures count, and how many. */
"use strict";
(() => {
  const { demand, encode, decode, unbase64, decimal, hex, sha256, faultOfKey, LOG, WITNESS, NAME } = auditVerifier;
  const LONGEST = 1_000_000,
    MOST_MEMBERS = 100;

  const VKEY = new RegExp(`^(${NAME})\\+([0-9a-f]{8})\\+(.+)$`, "u");

  /** The key in a line, or null when it is of a type that this verifier does not know. */
  const readKey = (vkey, kind) => {
    const [, name, id, encoded] = VKEY.exec(vkey) ?? [];
    demand(name, "A key of the policy is malformed.");
    const data = unbase64(encoded, `The key of ${name}`);
    if (data[0] !== kind) return null;
    demand(data.length === 33, `The key of ${name} has the wrong length.`);
    demand(hex(sha256(encode(`${name}\n`), data).subarray(0, 4)) === id, `The key of ${name} has another key id.`);
    const fault = faultOfKey(data.subarray(1));
    demand(!fault, `The key of ${name} ${fault}.`);
    return { name, id, kind, bytes: data.slice(1) };
  };

  const allDiffer = (values) => new Set(values).size === values.length;

  class Policy {
    static read(bytes) {
      demand(bytes.length <= LONGEST, "The policy is longer than a megabyte.");
      const policy = new Policy(),
        text = decode(bytes, "The policy").replace(/^\ufeff/, "");
      Object.assign(policy, { logs: [], parties: new Map(), quorum: "", members: [], unknown: 0 });
      for (const line of text.split(/\r?\n/)) {
        demand(!/[\0-\x08\x0b-\x1f\x7f]/.test(line), "The policy holds control characters.");
        const words = line.split(/[ \t]+/).filter(Boolean);
        if (words.length && !words[0].startsWith("#")) policy.take(words);
      }
      demand(policy.quorum, "The policy has no quorum.");
      policy.witnesses = [...policy.parties].filter(([, party]) => party.key).map(([name, { key }]) => ({ name, key }));
      demand(allDiffer(policy.members), "The policy has a member in two groups.");
      demand(
        allDiffer(policy.logs.map((key) => key.name + hex(key.bytes))),
        "The policy has a log's key twice under one name.",
      );
      demand(allDiffer(policy.witnesses.map(({ key }) => hex(key.bytes))), "The policy has a witness's key twice.");
      return policy;
    }

    take([kind, ...words]) {
      const forms = { log: [1, 1], witness: [2, 3], group: [3, Infinity], quorum: [1, 1] };
      demand(Object.hasOwn(forms, kind), `The policy has a line "${kind}", which no policy has.`);
      const [fewest, most] = forms[kind];
      demand(fewest <= words.length && words.length <= most, `A line "${kind}" of the policy is malformed.`);
      if (kind === "quorum") this.setQuorum(words[0]);
      else this[kind](...words);
    }

    log(vkey) {
      const key = readKey(vkey, LOG);
      if (key) this.logs.push(key);
      else this.unknown++;
    }

    witness(name, vkey) {
      this.nameIsNew(name);
      const key = readKey(vkey, WITNESS);
      if (!key) this.unknown++;
      this.parties.set(name, { key });
    }

    group(name, how, ...members) {
      this.nameIsNew(name);
      demand(members.length <= MOST_MEMBERS, `The policy's group ${name} has more than ${MOST_MEMBERS} members.`);
      const fewest =
        how === "any" ? 1 : how === "all" ? members.length : decimal(how, `The number of the group ${name}`);
      demand(
        1 <= fewest && fewest <= members.length,
        `The policy's group ${name} asks for more members than it has, or for none.`,
      );
      demand(
        members.every((member) => this.parties.has(member)),
        `The policy's group ${name} names an unknown member.`,
      );
      this.parties.set(name, { fewest, members });
      this.members.push(...members);
    }

    setQuorum(name) {
      demand(!this.quorum, "The policy has a second quorum.");
      demand(name === "none" || this.parties.has(name), `The policy's quorum ${name} is unknown.`);
      this.quorum = name;
    }

    nameIsNew(name) {
      demand(
        name !== "none" && !this.parties.has(name),
        `The policy uses the name ${name} twice, or "none" as a name.`,
      );
    }

    /** Whether the quorum is met when the witnesses of these names have signed. A group comes after its members. */
    isMet(signed) {
      const met = new Set(this.quorum === "none" ? ["none"] : []);
      for (const [name, { members, fewest }] of this.parties)
        if (members ? members.filter((member) => met.has(member)).length >= fewest : signed.has(name)) met.add(name);
      return met.has(this.quorum);
    }

    /** The names of all parties that the quorum reaches. */
    reached() {
      const names = new Set([this.quorum]);
      for (const name of names) for (const member of this.parties.get(name)?.members ?? []) names.add(member);
      return names;
    }
  }

  auditVerifier.Policy = Policy;
})();
