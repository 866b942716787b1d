const { createHash } = require('node:crypto');

/** Hexadecimal digits come in upper case. */
class Hash {
    constructor(algorithm) {
        this.hash = createHash(algorithm);
    }

    update({ input, inputEncoding }) {
        if (inputEncoding !== 'UTF_8') {
            throw new Error(`the fake takes UTF_8 only, not ${inputEncoding}`);
        }
        this.hash.update(input, 'utf8');
    }

    digest({ outputEncoding }) {
        if (outputEncoding !== 'HEX') {
            throw new Error(`the fake tells HEX only, not ${outputEncoding}`);
        }
        return this.hash.digest('hex').toUpperCase();
    }
}

module.exports = { HashAlg: { SHA256: 'SHA256' }, createHash: ({ algorithm }) => new Hash(algorithm) };
