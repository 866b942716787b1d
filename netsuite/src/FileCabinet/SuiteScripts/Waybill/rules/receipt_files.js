/**
 * Receipt files as the importer understands them (docs/purchase-order-files.md 6): good receipts become tasks, bad ones
 * become answers, and neither is in the way of the other.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['./decimals'], (decimals) => {
    /** Larger files cannot be read: getContents takes 10 MB. */
    const MOST_BYTES = 10 * 1024 * 1024;
    const MOST_RECEIPTS = 10000;
    /** Each run looks again at those that are made, until it answers all of them: more would use up its units with that. */
    const MOST_OF_ONE_ORDER = 200;
    const LONGEST_ID = 100;
    const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?/;
    const ZONE = /(Z|[+-]\d\d:?\d\d)$/;

    /**
     * What a file asks for.
     *
     * @param {string} content its text
     * @returns {{problem: string|null, receipts: Array<object>}} each receipt is `{receiptId, orderId, receivedAt, wanted}`,
     *     `wanted` being `[line id, number or null]` pairs, or `{receiptId, orderId, refusal}` where it makes no sense;
     *     `problem` says why the whole file makes none
     */
    function read(content) {
        let entries;
        try {
            entries = JSON.parse(content.replace(/^\ufeff/, ''));
        } catch (error) {
            return unreadable(`the file is no JSON: ${error.message}`);
        }
        if (!Array.isArray(entries)) {
            return unreadable('the top level must be a list of receipts');
        }
        if (entries.length > MOST_RECEIPTS) {
            return unreadable(`the file has ${entries.length} receipts, more than ${MOST_RECEIPTS}`);
        }
        const receipts = entries.map(receiptOf);
        const crowded = mostNamed(receipts.map(({ orderId }) => orderId));
        return crowded ? unreadable(crowded) : { problem: null, receipts };
    }

    /** What is wrong where a purchase order has more receipts than a run can settle; empty where none has. */
    function mostNamed(orderIds) {
        const counts = new Map();
        orderIds.filter(Boolean).forEach((id) => counts.set(id, (counts.get(id) || 0) + 1));
        const [id, count] = [...counts].find(([, each]) => each > MOST_OF_ONE_ORDER) || [];
        return id ? `the file has ${count} receipts of purchase order ${id}, more than ${MOST_OF_ONE_ORDER}` : '';
    }

    /**
     * The answer to a file that is refused as a whole.
     *
     * @param {string} problem why
     * @returns {{problem: string, receipts: Array<object>}} as `read` returns it
     */
    function unreadable(problem) {
        return { problem, receipts: [] };
    }

    function receiptOf(entry) {
        const told = entry !== null && typeof entry === 'object' ? entry : {};
        const ids = { receiptId: idOf(told.receipt_id), orderId: idOf(told.order_id) };
        const refusal = ids.receiptId && ids.orderId
            ? refusalOfItems(told.items) || refusalOfMoment(told.received_at)
            : 'receipt_id and order_id must be texts';
        if (refusal) {
            return { ...ids, refusal };
        }
        const wanted = told.items.map((item) => [item.line_id.trim(), decimals.exactNumber(item.quantity ?? '') || null]);
        return { ...ids, receivedAt: told.received_at ?? null, wanted };
    }

    function refusalOfItems(items) {
        if (!Array.isArray(items) || items.length === 0) {
            return 'items must be a list with at least one line';
        }
        const seen = new Set();
        for (const item of items) {
            const refusal = refusalOfItem(item, seen);
            if (refusal) {
                return refusal;
            }
        }
        return items.some((item) => decimals.exactNumber(item.quantity ?? '') > 0) ? '' : 'no line has a quantity';
    }

    function refusalOfItem(item, seen) {
        const lineId = item !== null && typeof item === 'object' ? idOf(item.line_id) : '';
        if (!lineId) {
            return 'each item must have a line_id that is a text';
        }
        if (seen.has(lineId)) {
            return `line ${lineId} is named twice`;
        }
        seen.add(lineId);
        const { quantity } = item;
        if (quantity === null || quantity === undefined || decimals.exactNumber(quantity) !== null) {
            return '';
        }
        return `line ${lineId}: the quantity '${quantity}' is no number, or is negative, or has more digits than NetSuite keeps`;
    }

    function refusalOfMoment(value) {
        if (value === null || value === undefined) {
            return '';
        }
        if (typeof value !== 'string' || !MOMENT.test(value) || Number.isNaN(Date.parse(value))) {
            return `received_at '${value}' is no moment in ISO 8601`;
        }
        return ZONE.test(value) ? '' : `received_at '${value}' has no time zone`;
    }

    /** What is no text, too long, or holds control or half characters, is no id. */
    function idOf(value) {
        const text = typeof value === 'string' ? value.trim() : '';
        return text.length <= LONGEST_ID && /^[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]+$/.test(text) ? text : '';
    }

    return { MOST_BYTES, read, unreadable };
});
