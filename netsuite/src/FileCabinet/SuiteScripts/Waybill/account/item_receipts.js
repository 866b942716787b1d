/**
 * Item receipts: made once for each receipt of a file, whatever is repeated, and found again by their external id.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([
    'N/format', 'N/record', 'N/search', './purchase_orders', './settings', '../rules/receipt_lines',
], (format, record, search, purchaseOrders, settings, receiptLines) => {
    const MEMO = 'Received in the OMS';
    const PREFIX = 'WB-RCPT-';
    const SEARCH_UNITS = 10;
    const LOAD_UNITS = 10;
    const TRANSFORM_UNITS = 10;
    const SAVE_UNITS = 20;
    const TRIES = 3;
    /** What one receipt takes at most, with a look-up after each try, and a look at its purchase order before it is refused. */
    const RECEIPT_UNITS = TRIES * (TRANSFORM_UNITS + SAVE_UNITS + SEARCH_UNITS) + 2 * purchaseOrders.QUERY_UNITS + SEARCH_UNITS;
    /** Errors after which nothing speaks against trying again, once a look-up has found no receipt. */
    const PASSING = ['RCRD_HAS_BEEN_CHANGED', 'UNEXPECTED_ERROR'];
    /** Errors after which NetSuite may have the receipt, though no search shows it yet. */
    const DOUBTFUL = ['UNEXPECTED_ERROR', 'DUP_RCRD'];
    /** Errors that refuse no receipt: they pass, or are mended in the script's role. */
    const NO_REFUSAL = [...PASSING, 'INSUFFICIENT_PERMISSION', 'PERMISSION_VIOLATION'];
    const PAGE = 1000;

    /**
     * Those of some receipts that are in NetSuite; 10 units.
     *
     * @param {string[]} receiptIds as files name them, at most a thousand
     * @returns {Map<string, {itemReceiptId: string, orderId: string}>} the item receipt and its purchase order by receipt id
     */
    function lookUp(receiptIds) {
        const ids = receiptIds.map((id) => PREFIX + id);
        const found = searched(['externalid', 'anyof', ids]);
        return new Map(found.map((row) => [
            row.getValue('externalid').slice(PREFIX.length),
            { itemReceiptId: String(row.id), orderId: String(row.getValue('createdfrom')) },
        ]));
    }

    /**
     * The item receipts of a purchase order; 10 units, and 10 for each.
     *
     * @param {string} orderId internal id
     * @returns {Array<{name: string, lines: Array<[string, number|string]>}>} external id, or internal id where it has
     *     none that fits between the semicolons of a reconciliation; and what each line of the purchase order received,
     *     in its unit
     */
    function ofOrder(orderId) {
        return searched(['createdfrom', 'anyof', [orderId]]).map((row) => ({
            name: /^[^;\r\n]+$/.test(row.getValue('externalid')) ? row.getValue('externalid') : String(row.id),
            lines: linesOf(record.load({ type: record.Type.ITEM_RECEIPT, id: row.id })),
        }));
    }

    function searched(filter) {
        const filters = [filter, 'AND', ['mainline', 'is', 'T']];
        const found = search.create({ type: search.Type.ITEM_RECEIPT, filters, columns: ['externalid', 'createdfrom'] });
        return found.run().getRange({ start: 0, end: PAGE });
    }

    /** Those that it received: it may show other lines of its purchase order too, unchecked, with what remains of them. */
    function linesOf(receipt) {
        const value = (fieldId, line) => receipt.getSublistValue({ sublistId: 'item', fieldId, line });
        const lines = each(receipt, 'item', (line) => [value('orderline', line), value('quantity', line), value('itemreceive', line)]);
        return lines.filter(([, , isReceived]) => ![false, 'F'].includes(isReceived)).map(([lineId, quantity]) => [lineId, quantity]);
    }

    /**
     * What to say of a receipt whose external id an item receipt has: `already`, if that one is the same; 10 units.
     *
     * @param {object} receipt as `rules/receipt_files` reads it
     * @param {{itemReceiptId: string, orderId: string}} there as `lookUp` found it
     * @returns {{result?: string, itemReceiptId?: string, reason?: string, unsettled?: string}} `already` or `rejected`, as `make`
     */
    function already(receipt, there) {
        const name = `item receipt ${there.itemReceiptId} has the external id ${PREFIX}${receipt.receiptId} already`;
        try {
            const made = record.load({ type: record.Type.ITEM_RECEIPT, id: there.itemReceiptId });
            const differs = receiptLines.differences(receipt, { orderId: there.orderId, lines: linesOf(made) });
            return differs ? rejected(`${name}, and ${differs}`) : { result: 'already', itemReceiptId: there.itemReceiptId };
        } catch (error) {
            return { unsettled: `${name}, and cannot be compared: ${error.name}: ${error.message}` };
        }
    }

    /** getLineCount is -1 where a record has no such sublist. */
    function each(receipt, sublistId, take) {
        const count = Math.max(0, receipt.getLineCount({ sublistId }));
        return Array.from({ length: count }, (_, line) => take(line));
    }

    /**
     * Makes an item receipt, or says why not; at most `RECEIPT_UNITS`, and 10 for each item receipt of its purchase order. An
     * error is never believed before a look-up: NetSuite may have saved, and another run may have been quicker. Where that
     * stays open, nothing is said: the next run finds it.
     *
     * @param {object} receipt as `rules/receipt_files` reads it
     * @param {string} timeZone where the day of receiving is counted, such as `America/Guatemala`; empty for the server's
     * @returns {{result?: string, itemReceiptId?: string, reason?: string, unsettled?: string}} `created`, `already`, or
     *     `rejected`, when it is certain that there is none; else only `unsettled`, the reason
     */
    function make(receipt, timeZone) {
        let doubt = '';
        for (let attempt = 1; ; attempt += 1) {
            const { error, ...made } = attempted(receipt, timeZone);
            if (made.result === 'created') {
                return made;
            }
            const there = lookUp([receipt.receiptId]).get(receipt.receiptId);
            if (there) {
                return already(receipt, there);
            }
            // Once a save may have gone through, a later refusal may be for want of what it has received itself.
            doubt = doubt || (DOUBTFUL.includes(error) ? made.reason : '');
            const isPassing = PASSING.includes(error);
            if (!isPassing || attempt === TRIES) {
                const unsettled = doubt || (NO_REFUSAL.includes(error) ? made.reason : doubtOf(receipt, made.reason));
                return unsettled ? { unsettled } : made;
            }
        }
    }

    /** Why a refusal may be for want of what the receipt has received itself, in a run that ended there; empty where it is none. */
    function doubtOf(receipt, refusal) {
        try {
            return mayBeThere(receipt) ? `${refusal}; but no item receipt tells yet of goods that were received: it may be among them` : '';
        } catch (error) {
            return `${refusal}; whether it is there all the same cannot be told: ${error.name}: ${error.message}`;
        }
    }

    /** The purchase order is read after its item receipts: what is received in between may make a doubt, and takes none away. */
    function mayBeThere(receipt) {
        const isAmong = (told) => {
            const order = purchaseOrders.read(receipt.orderId);
            return order !== null && receiptLines.mayBeReceived(receipt.wanted, order.lines, told);
        };
        return isAmong([]) && isAmong(toldBeside(receipt));
    }

    /** What the item receipts of a purchase order tell, without the one in question. */
    function toldBeside({ receiptId, orderId }) {
        const found = searched(['createdfrom', 'anyof', [orderId]]).filter((row) => row.getValue('externalid') !== PREFIX + receiptId);
        // The purchase order is read once more after them, and its status by the caller.
        if (!settings.affords(found.length * LOAD_UNITS + 2 * purchaseOrders.QUERY_UNITS)) {
            throw new Error(`too few units are left to look into ${found.length} item receipts`);
        }
        return found.flatMap((row) => linesOf(record.load({ type: record.Type.ITEM_RECEIPT, id: row.id })));
    }

    /** As `create`, with an error as a refusal in NetSuite's words. */
    function attempted(receipt, timeZone) {
        try {
            return create(receipt, timeZone);
        } catch (error) {
            return { ...rejected(`${error.name}: ${error.message}`), error: error.name };
        }
    }

    function rejected(reason) {
        return { result: 'rejected', reason };
    }

    function create(receipt, timeZone) {
        const made = record.transform({
            fromType: record.Type.PURCHASE_ORDER,
            fromId: receipt.orderId,
            toType: record.Type.ITEM_RECEIPT,
        });
        // The type of `orderline` is not documented: compared as a text.
        const proposed = each(made, 'item', (line) => (
            String(made.getSublistValue({ sublistId: 'item', fieldId: 'orderline', line }))));
        const { refusal, quantities } = receiptLines.plan(proposed, receipt.wanted);
        if (refusal) {
            return rejected(refusal);
        }
        setHead(made, receipt, timeZone);
        setLines(made, quantities);
        return { result: 'created', itemReceiptId: String(made.save()) };
    }

    function setHead(made, receipt, timeZone) {
        made.setValue({ fieldId: 'externalid', value: PREFIX + receipt.receiptId });
        made.setValue({ fieldId: 'memo', value: MEMO });
        if (receipt.receivedAt) {
            made.setValue({ fieldId: 'trandate', value: dayOf(new Date(receipt.receivedAt), timeZone) });
        }
    }

    function setLines(made, quantities) {
        const set = (sublistId, fieldId, line, value) => made.setSublistValue({ sublistId, fieldId, line, value });
        quantities.forEach((quantity, line) => {
            set('item', 'itemreceive', line, quantity !== null);
            if (quantity !== null) {
                set('item', 'quantity', line, quantity);
            }
        });
        each(made, 'expense', (line) => set('expense', 'markreceived', line, false));
    }

    /**
     * The day on which a moment falls in a time zone, as NetSuite wants a date: midnight on the server's clock.
     *
     * @param {Date} moment any moment
     * @param {string} timeZone where; empty for the one of the user's preferences
     * @returns {Date} the day
     */
    function dayOf(moment, timeZone) {
        const type = format.Type.DATETIME;
        const zone = timeZone ? { timezone: timeZone } : {};
        // What the clock shows there, read as if it were UTC: whatever zone the server has, it plays no part.
        const text = format.format({ value: moment, type, ...zone });
        const shown = format.parse({ value: text, type, timezone: format.Timezone.GMT });
        return new Date(shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate());
    }

    return { RECEIPT_UNITS, SEARCH_UNITS, LOAD_UNITS, lookUp, ofOrder, already, make, dayOf };
});
