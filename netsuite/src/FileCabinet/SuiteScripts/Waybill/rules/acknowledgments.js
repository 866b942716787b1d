/**
 * Acknowledgments: what became of each receipt of a file (docs/purchase-order-files.md 7, netsuite/ack.schema.json).
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['./texts'], (texts) => {
    const LONGEST_TEXT = 4000;
    /** How long after its making a file waits for receipts that are not settled. Waybill holds those long before. */
    const PATIENCE_MS = 24 * 60 * 60 * 1000;
    const LEFT = 'for a day no run had units and time enough for all of its receipts';

    /**
     * One receipt's answer.
     *
     * @param {{receiptId: string, orderId: string}} receipt as the file named it
     * @param {{result: string, itemReceiptId?: string, poStatus?: string|null, reason?: string}} outcome what became of it
     * @returns {object} as the acknowledgment has it
     */
    function resultOf(receipt, outcome) {
        return {
            receipt_id: receipt.receiptId,
            order_id: receipt.orderId,
            result: outcome.result,
            item_receipt_id: outcome.itemReceiptId ?? null,
            po_status: outcome.poStatus ?? null,
            reason: outcome.reason ? texts.shortened(outcome.reason, LONGEST_TEXT) : null,
        };
    }

    /**
     * Groups answers by their file.
     *
     * @param {Array<object>} answers `{file, sha256, total, problem, index}`, in any order, one for each file and one for
     *     each receipt with its `result`, with `unsettled` (why there is none), or `left` to the next run
     * @returns {Array<object>} `{file, sha256, problem, results, unsettled, isLeft}` of each file: what is known of its
     *     receipts, and why of the others nothing is
     */
    function byFile(answers) {
        const files = new Map();
        answers.forEach((answer) => {
            const known = files.get(answer.file) || { ...answer, byIndex: new Map() };
            known.byIndex.set(answer.index, answer);
            files.set(answer.file, known);
        });
        return Array.from(files.values(), summedUp);
    }

    function summedUp({ file, sha256, total, problem, byIndex }) {
        // Of a receipt whose stage failed there is no word at all.
        const receipts = Array.from({ length: total }, (_, index) => (
            byIndex.get(index) || { unsettled: `receipt ${index + 1} of the file: the script failed at its purchase order` }));
        return {
            file,
            sha256,
            problem,
            results: receipts.map(({ result }) => result).filter(Boolean),
            unsettled: receipts.map(({ unsettled }) => unsettled).filter(Boolean),
            isLeft: receipts.some(({ left }) => left),
        };
    }

    /**
     * What to tell of a file now, and where to put it. As long as one of its receipts is open, it stays for the next run,
     * and only what that run would tell too is told: a receipt that is refused now may be made then.
     *
     * @param {object} told as `byFile` returns it
     * @param {Date} now the moment
     * @returns {{results: Array<object>|null, place: string, open: string[]}} null where nothing is told; `place` is empty
     *     where it stays; `open`: why somebody has to look at it
     */
    function decide(told, now) {
        const isLate = now.getTime() - texts.stampedAt(told.file) >= PATIENCE_MS;
        const open = [...told.unsettled, ...(told.isLeft && isLate ? [LEFT] : [])];
        if (told.isLeft || (open.length && !isLate)) {
            return { results: someOf(told.results.filter(({ result }) => result !== 'rejected')), place: '', open };
        }
        return open.length
            ? { results: someOf(told.results), place: 'error', open }
            : { results: told.results, place: told.problem ? 'error' : 'archive', open };
    }

    function someOf(results) {
        return results.length ? results : null;
    }

    /**
     * The acknowledgment's text.
     *
     * @param {{file: string, sha256: string, problem: string|null}} told as `byFile` returns it
     * @param {Array<object>} results as `decide` returns them
     * @param {string} processedAt the moment, ISO 8601
     * @returns {string} JSON
     */
    function text(told, results, processedAt) {
        return JSON.stringify({
            version: 1,
            file: told.file,
            sha256: told.sha256,
            processed_at: processedAt,
            problem: told.problem ? texts.shortened(told.problem, LONGEST_TEXT) : null,
            results,
        });
    }

    /**
     * The name under which a file is answered.
     *
     * @param {string} file `WB-RCPT-20261120T181500Z-1.json`
     * @returns {string} `WB-RCPT-20261120T181500Z-1.ack.json`
     */
    function nameOf(file) {
        return file.replace(/\.json$/, '.ack.json');
    }

    return { resultOf, byFile, decide, text, nameOf };
});
