/**
 * Acknowledgments: what became of each receipt of a file (docs/purchase-order-files.md 7, netsuite/ack.schema.json).
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([], () => {
    const LONGEST_TEXT = 4000;

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
            reason: outcome.reason ? outcome.reason.slice(0, LONGEST_TEXT) : null,
        };
    }

    /**
     * Groups answers by their file.
     *
     * @param {Array<object>} answers `{file, sha256, total, index, problem, result}`, in any order
     * @returns {Array<object>} `{file, sha256, problem, results}` of each file of which every receipt is answered, by name
     */
    function complete(answers) {
        const files = new Map();
        answers.forEach((answer) => {
            const known = files.get(answer.file) || { ...answer, byIndex: new Map() };
            known.byIndex.set(answer.index, answer.result);
            files.set(answer.file, known);
        });
        return Array.from(files.values())
            .filter(({ total, byIndex }) => byIndex.size === Math.max(total, 1))
            .map(({ file, sha256, total, problem, byIndex }) => ({ file, sha256, problem, results: inOrder(byIndex, total) }));
    }

    function inOrder(byIndex, total) {
        return Array.from({ length: total }, (_, index) => byIndex.get(index));
    }

    /**
     * The acknowledgment's text.
     *
     * @param {{file: string, sha256: string, problem: string|null, results: Array<object>}} told as `complete` returns it
     * @param {string} processedAt the moment, ISO 8601
     * @returns {string} JSON
     */
    function text(told, processedAt) {
        return JSON.stringify({
            version: 1,
            file: told.file,
            sha256: told.sha256,
            processed_at: processedAt,
            problem: told.problem ? told.problem.slice(0, LONGEST_TEXT) : null,
            results: told.results,
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

    return { resultOf, complete, text, nameOf };
});
