/* Time stamps (RFC 3161) and the certificates that an auditor brings for them. */
"use strict";
(() => {
  const { demand, concat, equal, hex, latin, sha256, isTime, readDer, within } = auditVerifier;
  const RSA = "2a864886f70d010101",
    SIGNED_DATA = "2a864886f70d010702",
    TST_INFO = "2a864886f70d0109100104";
  const CONTENT_TYPE = "2a864886f70d010903",
    MESSAGE_DIGEST = "2a864886f70d010904";
  const DIGESTS = { "608648016503040201": "SHA-256", "608648016503040202": "SHA-384", "608648016503040203": "SHA-512" };

  /** The RSA keys of certificates in PEM, by issuer and serial number. */
  const readCertificates = (pem) => {
    const keys = new Map(),
      what = "Your certificate";
    for (const [, text] of latin(pem).matchAll(
      /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g,
    )) {
      const packed = text.replace(/\s/g, "");
      demand(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(packed), `${what} is not base64.`);
      const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
      const fields = within(readDer(bytes, what), what, 0).parts.filter(({ tag }) => tag !== 0xa0);
      demand(fields.length >= 6, `${what} has an unexpected form.`);
      const [serial, , issuer, , , key] = fields;
      if (hex(within(key, what, 0, 0).content) === RSA) keys.set(hex(concat(issuer.whole, serial.whole)), key.whole);
    }
    return keys;
  };

  const timeOf = (info, what) => {
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/.exec(latin(within(info, what, 4).content));
    demand(parts, `The time of ${what} is malformed.`);
    const [, year, month, day, hour, minute, second] = parts;
    const time = `${year}-${month}-${day}T${hour}:${minute}:${second}.000000Z`;
    demand(isTime(time), `The time of ${what} does not exist.`);
    return time;
  };

  /** Whether the signature over the stamp's content is that of this key. */
  const isSignedBy = async (key, signer, content, what) => {
    const [algorithm, attributes] = signer.parts.slice(2),
      hash = DIGESTS[hex(within(algorithm, what, 0).content)];
    demand(hash && attributes?.tag === 0xa0, `${what} is signed with an unknown algorithm.`);
    const values = new Map(
      attributes.parts.map((part) => [hex(within(part, what, 0).content), within(part, what, 1, 0).content]),
    );
    const digest = new Uint8Array(await crypto.subtle.digest(hash, content));
    if (hex(values.get(CONTENT_TYPE) ?? []) !== TST_INFO || !equal(values.get(MESSAGE_DIGEST) ?? [], digest))
      return false;
    const name = { name: "RSASSA-PKCS1-v1_5", hash };
    const imported = await crypto.subtle.importKey("spki", key, name, false, ["verify"]);
    const signed = concat(Uint8Array.of(0x31), attributes.whole.subarray(1));
    return crypto.subtle.verify(name, imported, within(signer, what, 5).content, signed);
  };

  /** Read the stamp over `note`: its time, and whether a certificate that was brought vouches for it. */
  const readStamp = async (reply, note, keys, what) => {
    const response = readDer(reply, what),
      status = within(response, what, 0, 0).content;
    demand(status.length === 1 && status[0] <= 1, `${what} was refused by the authority.`);
    demand(hex(within(response, what, 1, 0).content) === SIGNED_DATA, `${what} is not signed.`);
    const signed = within(response, what, 1, 1, 0);
    demand(hex(within(signed, what, 2, 0).content) === TST_INFO, `${what} is not a time stamp.`);
    const content = within(signed, what, 2, 1, 0).content,
      info = readDer(content, what);
    demand(
      DIGESTS[hex(within(info, what, 2, 0, 0).content)] === "SHA-256",
      `${what} uses a hash other than SHA-256.`,
    );
    demand(
      equal(within(info, what, 2, 1).content, sha256(note)),
      `${what} covers something other than the checkpoint.`,
    );
    const time = timeOf(info, what),
      signers = within(signed, what, -1);
    demand(signers.tag === 0x31 && signers.parts.length === 1, `${what} does not have exactly one signer.`);
    const [signer] = signers.parts,
      who = within(signer, what, 1);
    const key = keys.get(hex(who.content));
    if (!key) return { time, trusted: false };
    demand(await isSignedBy(key, signer, content, what), `The signature of ${what} is wrong.`);
    return { time, trusted: true };
  };

  Object.assign(auditVerifier, { readCertificates, readStamp });
})();
