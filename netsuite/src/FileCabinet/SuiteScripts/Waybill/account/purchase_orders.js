/**
 * Purchase orders as NetSuite has them at this moment.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/query', 'N/search', '../rules/purchase_orders'], (query, search, rules) => {
    const QUERY_UNITS = 10;
    /** Rows that one call of runSuiteQL returns at most. */
    const MOST_ROWS = 5000;

    // Joins and conditions are those of connectors/netsuite/suiteql.py: files and REST tell the same lines.
    const LINES = `
        SELECT t.id AS po_id, t.tranid AS po_number, BUILTIN.CF(t.status) AS status, tl.id AS line_id,
               tl.uniquekey AS unique_key, i.itemid AS sku, tl.quantity,
               NVL(tl.quantityshiprecv, 0) AS received, tl.units AS unit_id, u.unitname AS unit,
               u.conversionrate AS unit_rate, tl.isclosed AS closed, NVL(tl.location, head.location) AS location,
               TO_CHAR(tl.expectedreceiptdate, 'YYYY-MM-DD') AS arrival
        FROM transaction t
             JOIN transactionline head ON head.transaction = t.id AND head.mainline = 'T'
             JOIN transactionline tl ON tl.transaction = t.id
             JOIN item i ON i.id = tl.item
             LEFT JOIN unitstypeuom u ON u.internalid = tl.units
        WHERE t.id = ? AND t.type = 'PurchOrd' AND tl.mainline = 'F' AND tl.taxline = 'F'
              AND tl.quantity IS NOT NULL AND tl.id > ?
        ORDER BY tl.id`;
    const STATUS = `SELECT BUILTIN.CF(t.status) AS status FROM transaction t WHERE t.id = ? AND t.type = 'PurchOrd'`;

    /**
     * A purchase order with its lines; 10 units for each 5,000 lines.
     *
     * @param {string} orderId what may be an internal id
     * @returns {object|null} as `rules/purchase_orders` has it; null where it has no line with an item
     * @throws {Error} a quantity is negative, or cannot be told exactly in its line's unit
     */
    function read(orderId) {
        const rows = [];
        let page;
        do {
            const last = rows.length ? Number(rows[rows.length - 1].line_id) : -1;
            page = rowsOf(LINES, orderId, last);
            rows.push(...page);
        } while (page.length === MOST_ROWS);
        return rows.length ? rules.fromRows(rows) : null;
    }

    /**
     * The status of a purchase order; 10 units.
     *
     * @param {string} orderId what may be an internal id
     * @returns {string|null} its letter; null where there is no such purchase order
     */
    function statusOf(orderId) {
        const [found] = rowsOf(STATUS, orderId);
        return found ? rules.letterOf(found.status) : null;
    }

    /**
     * Those of some purchase orders that the account shows; 10 units.
     *
     * @param {string[]} orderIds internal ids, at most a thousand
     * @returns {Set<string>} their internal ids
     */
    function thereOf(orderIds) {
        if (orderIds.length === 0) {
            return new Set();
        }
        const filters = [['mainline', 'is', 'T'], 'AND', ['internalid', 'anyof', orderIds]];
        const found = search.create({ type: search.Type.PURCHASE_ORDER, filters, columns: ['internalid'] }).run();
        return new Set(found.getRange({ start: 0, end: orderIds.length }).map(({ id }) => String(id)));
    }

    function rowsOf(sql, orderId, ...more) {
        const isId = /^\d{1,15}$/.test(orderId);
        return isId ? query.runSuiteQL({ query: sql, params: [Number(orderId), ...more] }).asMappedResults() : [];
    }

    return { QUERY_UNITS, read, statusOf, thereOf };
});
