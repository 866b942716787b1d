const stub = require('@oracle/suitecloud-unit-testing/stubs/search/search');
const { current } = require('../account');
const { SuiteScriptError } = require('../errors');
const format = require('./format');

const MOST_ROWS = 1000;

/** The rows of each record type as a search sees them: fields by their names, texts as the user's preferences have them. */
const ROWS = {
    purchaseorder: (account) => [...account.orders.values()].map((order) => ({
        id: order.id,
        internalid: order.id,
        mainline: 'T',
        status: `PurchOrd:${account.status(order.id)}`,
        moment: order.modified,
        lastmodifieddate: format.format({ value: new Date(order.modified), type: format.Type.DATETIME }),
    })),
    // What was saved a moment ago may not show in a search yet.
    itemreceipt: (account) => account.receipts.filter(({ isHidden }) => !isHidden).map((receipt) => ({
        id: receipt.id, mainline: 'T', externalid: receipt.externalId ?? '', createdfrom: receipt.orderId,
    })),
    // Of a checkbox a search knows T and F.
    customrecord_waybill_po_export: (account) => account.customRecords.map((row) => Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'boolean' ? (value ? 'T' : 'F') : value]))),
};

const OPERATORS = {
    is: (row, field, [value]) => row[field] === value,
    anyof: (row, field, values) => values.flat().map(String).includes(row[field]),
    isnotempty: (row, field) => Boolean(row[field]),
    // A date in the account's zone, of which the field shows the day.
    onorafter: (row, field, [value]) => row.moment >= format.parse({ value, type: format.Type.DATE }).getTime(),
};

function matches(row, filter) {
    if (typeof filter[0] === 'string') {
        const [field, operator, ...values] = filter;
        if (!OPERATORS[operator] || !(field in row || field.startsWith('custrecord'))) {
            throw new SuiteScriptError('SSS_INVALID_SRCH_FILTER', `${field} ${operator}`);
        }
        return OPERATORS[operator](row, field, values);
    }
    const terms = filter.filter((term) => Array.isArray(term)).map((term) => matches(row, term));
    const words = new Set(filter.filter((term) => typeof term === 'string'));
    if (words.size > 1) {
        throw new SuiteScriptError('SSS_INVALID_SRCH_FILTER_EXPR', 'AND beside OR needs brackets');
    }
    return words.has('OR') ? terms.some(Boolean) : terms.every(Boolean);
}

class Search {
    constructor({ type, filters, columns }) {
        if (!ROWS[type]) {
            throw new SuiteScriptError('SSS_INVALID_SRCH_TYPE', type);
        }
        Object.assign(this, { type, filters, columns });
    }

    rows() {
        return ROWS[this.type](current()).filter((row) => matches(row, this.filters));
    }

    run() {
        return {
            getRange: ({ start, end }) => current().call(`search ${this.type}`, 10, () => {
                if (end - start > MOST_ROWS) {
                    throw new SuiteScriptError('SSS_SEARCH_RESULT_LIMIT_EXCEEDED', `${end - start} rows`);
                }
                return this.rows().slice(start, end).map((row) => ({ id: row.id, getValue: (name) => row[name] ?? '' }));
            }),
        };
    }

    /** What a Map/Reduce script is given of each row. */
    inputs() {
        return this.rows().map((row) => {
            const values = Object.fromEntries(this.columns.map((name) => [name, row[name]]));
            return [row.id, JSON.stringify({ recordType: this.type, id: row.id, values })];
        });
    }
}

module.exports = { Search, create: (options) => new Search(options), Type: stub.Type };
