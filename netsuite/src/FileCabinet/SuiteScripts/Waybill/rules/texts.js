/**
 * Texts as files carry them: CSV cells, moments, names, sizes.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([], () => {
    /**
     * One CSV record as RFC 4180 quotes it, with the line end `\n`.
     *
     * @param {Array<string|number|null|undefined>} values cells; nothing becomes an empty one
     * @returns {string} the record; a line break inside a value became a space, since no value of ours may have one
     */
    function csvRecord(values) {
        return `${values.map(cell).join(',')}\n`;
    }

    function cell(value) {
        const text = value === null || value === undefined ? '' : String(value).replace(/[\r\n]+/g, ' ');
        return /[",]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    }

    /**
     * How many bytes a text has in UTF-8: limits are in bytes, and SuiteScript only counts characters.
     *
     * @param {string} text any text
     * @returns {number} bytes
     */
    function utf8Length(text) {
        let bytes = 0;
        for (let at = 0; at < text.length; at += 1) {
            const code = text.charCodeAt(at);
            const isPair = code >= 0xd800 && code < 0xdc00 && text.charCodeAt(at + 1) >> 10 === 0x37;
            bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : isPair ? 4 : 3;
            at += isPair ? 1 : 0;
        }
        return bytes;
    }

    /**
     * The beginning of a text, in whole characters: half of one, as a cut leaves it, makes a file that nobody can read.
     *
     * @param {*} value what is told, such as an error's message
     * @param {number} most how long it may be
     * @returns {string} at most as long, with a mark in place of each half character
     */
    function shortened(value, most) {
        return String(value).slice(0, most).replace(/[\ud800-\udfff]/gu, '\ufffd');
    }

    /**
     * A moment in UTC to the second, as files tell it.
     *
     * @param {Date} date any moment
     * @returns {string} such as `2026-11-20T18:15:00Z`
     */
    function isoMoment(date) {
        return `${date.toISOString().slice(0, 19)}Z`;
    }

    /**
     * A moment that fits into a file name.
     *
     * @param {Date} date any moment
     * @returns {string} such as `20261120T181500Z`
     */
    function stamp(date) {
        return isoMoment(date).replace(/[-:]/g, '');
    }

    /**
     * The moment that `stamp` has put into a name.
     *
     * @param {string} name `WB-RCPT-20261120T181500Z-1.json`
     * @returns {number} milliseconds; not a number where the name has none
     */
    function stampedAt(name) {
        const [, ...parts] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(name) || [];
        const [year, month, ...rest] = parts.map(Number);
        return Date.UTC(year, month - 1, ...rest);
    }

    /**
     * Orders names as people count: `-2` before `-10`.
     *
     * @param {string} left a name
     * @param {string} right a name
     * @returns {number} as `Array.sort` wants it
     */
    function byNumber(left, right) {
        const [a, b] = [left, right].map((name) => name.replace(/\d+/g, (digits) => digits.padStart(20, '0')));
        return a < b ? -1 : Number(a > b);
    }

    return { csvRecord, utf8Length, shortened, isoMoment, stamp, stampedAt, byNumber };
});
