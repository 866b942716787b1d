/**
 * What was told of purchase orders: a custom record for each, written only after its file is seen on the server.
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
    const CURSOR = 'CURSOR';
    /** The creation and the saving of a record. */
    const SAVE_UNITS = 6;
    const CURSOR_UNITS = 10 + SAVE_UNITS;
    const PAGE = 1000;

    /**
     * What is known of a purchase order; 10 units.
     *
     * @param {string} orderId internal id
     * @returns {{id: string, print: string, problem: string}|null} null where nothing was noted
     */
    function of(orderId) {
        return find([['externalid', 'anyof', [nameOf(orderId)]]])[0] || null;
    }

    /**
     * The purchase orders that could not be told when they should have been; 10 units, at most a thousand.
     *
     * @returns {string[]} internal ids
     */
    function owed() {
        return find([[PROBLEM, 'isnotempty', '']]).map(({ externalId }) => externalId.replace(/^WB-PO-/, ''));
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
     * @param {string} print checksum of what was told
     * @param {string} fileName where
     */
    function noteTold(orderId, known, print, fileName) {
        save(orderId, known, { [PRINT]: print, [FILE]: fileName, [PROBLEM]: '' });
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

    function nameOf(orderId) {
        return `WB-PO-${orderId}`;
    }

    function find(filters) {
        const columns = ['externalid', PRINT, PROBLEM];
        const rows = search.create({ type: TYPE, filters, columns }).run().getRange({ start: 0, end: PAGE });
        return rows.map((row) => ({
            id: row.id,
            externalId: row.getValue('externalid'),
            print: row.getValue(PRINT),
            problem: row.getValue(PROBLEM),
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

    return { SAVE_UNITS, CURSOR_UNITS, of, owed, cursor, moveCursor, noteTold, noteProblem };
});
