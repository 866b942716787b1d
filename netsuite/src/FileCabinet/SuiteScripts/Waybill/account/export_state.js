/**
 * What was told of purchase orders: a custom record for each, written only after its file is seen on the server.
 *
 * The rows of two moments stand beside them: how far the export has told, and which file an import tried last.
 *
 * It is a record of its own, since a mark on the purchase order would change it, be copied with it, and start the export again.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/record', 'N/search'], (record, search) => {
    const TYPE = 'customrecord_waybill_po_export';
    const PRINT = 'custrecord_wb_exp_print';
    const FILE = 'custrecord_wb_exp_file';
    const PROBLEM = 'custrecord_wb_exp_problem';
    const OPEN = 'custrecord_wb_exp_open';
    const CURSOR = 'CURSOR';
    const IMPORT = 'IMPORT';
    /** In place of a checksum, it differs from each. */
    const AGAIN = 'to be told again';
    /** The creation and the saving of a record. */
    const SAVE_UNITS = 6;
    const CURSOR_UNITS = 10 + SAVE_UNITS;
    const PAGE = 1000;

    /**
     * What is known of a purchase order; 10 units.
     *
     * @param {string} orderId internal id
     * @returns {{id: string, orderId: string, print: string, file: string, problem: string, isOpen: boolean}|null} `isOpen`:
     *     told as open for receiving; null where nothing was noted
     */
    function of(orderId) {
        return find([['externalid', 'anyof', [nameOf(orderId)]]])[0] || null;
    }

    /**
     * The purchase orders that are to be told, and were not yet; 10 units, at most a thousand.
     *
     * @returns {string[]} internal ids
     */
    function owed() {
        return find([[PROBLEM, 'isnotempty', ''], 'OR', [PRINT, 'is', AGAIN]]).map(({ orderId }) => orderId);
    }

    /**
     * A page of what is known of the purchase orders that were last told as open for receiving; 10 units.
     *
     * @param {number} start how many come before it
     * @returns {Array<object>} each as `of` returns it; fewer than `PAGE` are the last ones
     */
    function toldOpen(start) {
        return find([[OPEN, 'is', 'T']], start);
    }

    /**
     * The moment up to which every change was told; 10 units.
     *
     * @returns {Date|null} null before the first complete export
     */
    function cursor() {
        const found = of(CURSOR);
        return found ? new Date(found.print) : null;
    }

    /**
     * Notes that every change before a moment was told, or is owed; at most `CURSOR_UNITS`.
     *
     * @param {Date} moment when the export began to search
     */
    function moveCursor(moment) {
        save(CURSOR, of(CURSOR), { [PRINT]: moment.toISOString() });
    }

    /**
     * Notes that a purchase order stands in a file; at most `SAVE_UNITS`.
     *
     * @param {string} orderId internal id
     * @param {object|null} known what `of` returned
     * @param {{print: string, isOpen: boolean}} told checksum of what was told, and whether as open for receiving
     * @param {string} fileName where
     */
    function noteTold(orderId, known, { print, isOpen }, fileName) {
        save(orderId, known, { [PRINT]: print, [OPEN]: isOpen, [FILE]: fileName, [PROBLEM]: '' });
    }

    /**
     * Notes that a purchase order is to be told again, changed or not, by whichever run comes to it; at most `SAVE_UNITS`.
     *
     * @param {object} known what `of` returned
     */
    function noteAgain(known) {
        save(known.orderId, known, { [PRINT]: AGAIN });
    }

    /**
     * Notes why a purchase order could not be told, or that this is settled; at most `SAVE_UNITS`.
     *
     * @param {string} orderId internal id
     * @param {object|null} known what `of` returned
     * @param {string} problem the reason; empty when there is none any more
     */
    function noteProblem(orderId, known, problem) {
        save(orderId, known, { [PROBLEM]: problem });
    }

    /**
     * The file with which an import ended that left others untried; 10 units.
     *
     * @returns {{id: string, print: string}|null} its name is `print`; null where none was ever left
     */
    function lastTried() {
        return of(IMPORT);
    }

    /**
     * Notes the file behind which the next import begins; at most `SAVE_UNITS`.
     *
     * @param {object|null} known what `lastTried` returned
     * @param {string} fileName the last one that was tried
     */
    function noteTried(known, fileName) {
        save(IMPORT, known, { [PRINT]: fileName });
    }

    function nameOf(orderId) {
        return `WB-PO-${orderId}`;
    }

    function find(filters, start = 0) {
        const columns = ['externalid', PRINT, FILE, PROBLEM, OPEN];
        const rows = search.create({ type: TYPE, filters, columns }).run().getRange({ start, end: start + PAGE });
        return rows.map((row) => ({
            id: row.id,
            orderId: row.getValue('externalid').replace(/^WB-PO-/, ''),
            print: row.getValue(PRINT),
            file: row.getValue(FILE),
            problem: row.getValue(PROBLEM),
            isOpen: [true, 'T'].includes(row.getValue(OPEN)),
        }));
    }

    function save(key, known, values) {
        if (known) {
            record.submitFields({ type: TYPE, id: known.id, values });
            return;
        }
        const made = record.create({ type: TYPE });
        Object.entries({ name: nameOf(key), externalid: nameOf(key), ...values })
            .forEach(([fieldId, value]) => made.setValue({ fieldId, value }));
        try {
            made.save();
        } catch (error) {
            // The run of another deployment was quicker: what it noted holds, and at worst this is told once more.
            if (error.name !== 'DUP_RCRD') {
                throw error;
            }
        }
    }

    return {
        PAGE, SAVE_UNITS, CURSOR_UNITS, of, owed, toldOpen, cursor, moveCursor, noteTold, noteAgain, noteProblem, lastTried, noteTried,
    };
});
