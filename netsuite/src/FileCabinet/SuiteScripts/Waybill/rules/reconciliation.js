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

    return { header: () => texts.csvRecord(HEADER), rowsText };
});
