/* Ed25519 (RFC 8032). The browser verifies the signatures; keys are examined here, because browsers differ on bad ones. */
"use strict";
(() => {
  const { NotChecked } = auditVerifier;
  const P = 2n ** 255n - 19n;
  const BROWSERS = "this browser has no Ed25519. Use Chrome or Edge 137, Firefox 130, Safari 17 or later";

  const modulo = (value) => ((value % P) + P) % P;
  const power = (base, exponent) => {
    let result = 1n;
    for (; exponent; exponent >>= 1n) {
      if (exponent & 1n) result = (result * base) % P;
      base = (base * base) % P;
    }
    return result;
  };
  const D = modulo(-121665n * power(121666n, P - 2n));
  const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

  /** The x of a point with this y (RFC 8032, 5.1.3), or null when there is none. */
  const xOf = (y) => {
    const square = modulo((y * y - 1n) * power(modulo(D * y * y + 1n), P - 2n));
    let x = power(square, (P + 3n) / 8n);
    if ((x * x) % P !== square) x = (x * ROOT_OF_MINUS_ONE) % P;
    return (x * x) % P === square ? x : null;
  };

  /** Twice a point, in affine coordinates. */
  const doubled = ([x, y]) => {
    const product = modulo(D * x * x * y * y);
    return [
      modulo(2n * x * y * power(1n + product, P - 2n)),
      modulo((y * y + x * x) * power(modulo(1n - product), P - 2n)),
    ];
  };

  /** What is wrong with a public key; empty when nothing is. */
  const faultOfKey = (bytes) => {
    let number = 0n;
    for (let at = 31; at >= 0; at--) number = (number << 8n) | BigInt(bytes[at]);
    const y = number & (2n ** 255n - 1n),
      odd = number >> 255n;
    if (y >= P) return "is not written canonically";
    const x = xOf(y);
    if (x === null || (x === 0n && odd)) return "is no point of the curve";
    const [, eightfold] = doubled(doubled(doubled([x, y])));
    return eightfold === 1n ? "has small order: anyone can sign with it" : "";
  };

  const verifySignature = async (key, signature, message) => {
    if (signature.length !== 64) return false;
    let imported;
    try {
      imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    } catch (error) {
      if (error.name === "NotSupportedError") throw new NotChecked(BROWSERS);
      throw error;
    }
    return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
  };

  Object.assign(auditVerifier, { faultOfKey, verifySignature });
})();
