/**
 * SHA-256 of texts.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/crypto', 'N/encode'], (crypto, encode) => {
    /**
     * The SHA-256 of a text's bytes in UTF-8.
     *
     * @param {string} text any text
     * @returns {string} 64 hexadecimal digits, lower case
     */
    function sha256(text) {
        const hash = crypto.createHash({ algorithm: crypto.HashAlg.SHA256 });
        hash.update({ input: text, inputEncoding: encode.Encoding.UTF_8 });
        return hash.digest({ outputEncoding: encode.Encoding.HEX }).toLowerCase();
    }

    return { sha256 };
});
