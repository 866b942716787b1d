/**
 * The reconciliation: what NetSuite holds of each purchase order line (docs/purchase-orders-proof.md).
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['./decimals', './texts'], (decimals, texts) => {
    const HEADER = ['po_id', 'line_id', 'ordered', 'received', 'closed', 'status', 'receipts'];

    /**
     * The rows of one purchase order.
     *
     * @param {object} order as `rules/purchase_orders` has it
     * @param {Array<{name: string, lines: Array<[string, number|string]>}>} receipts its item receipts: external or
     *     internal id, and what each line of the purchase order received
     * @returns {string} CSV records
     */
    function rowsText(order, receipts) {
        return order.lines.map((line) => texts.csvRecord([
            order.id, line.id, line.quantity, line.received, line.closed ? 'T' : 'F', order.status,
            receipts.flatMap(({ name, lines }) => lines
                .filter(([lineId]) => String(lineId) === line.id)
                .map(([, quantity]) => `${name}=${decimals.plain(quantity)}`)).join(';'),
        ])).join('');
    }

    /**
     * The row of a purchase order that cannot be told.
     *
     * @param {string} orderId internal id
     * @param {string} reason why
     * @returns {string} a CSV record without a line: the reason stands in the last column
     */
    function unreadableText(orderId, reason) {
        return texts.csvRecord(HEADER.map((name) => ({ po_id: orderId, receipts: reason })[name]));
    }

    /**
     * A file up to its checksum, which seals all of this: header, rows, and a trailer that says of what it is a part.
     *
     * @param {string} rows CSV records
     * @param {number} number which part of the reconciliation it is, from 1
     * @param {number} parts how many there are
     * @param {Date} began when NetSuite began to read: what changed later may be missing
     * @returns {string} the checksum of this, and a line end, make it whole
     */
    function unsealed(rows, number, parts, began) {
        const count = rows.split('\n').length - 1;
        return `${texts.csvRecord(HEADER)}${rows}#end,${count},${number},${parts},${texts.isoMoment(began)},`;
    }

    return { rowsText, unreadableText, unsealed };
});
