const stub = require('@oracle/suitecloud-unit-testing/stubs/record/record');
const { current } = require('../account');
const { SuiteScriptError } = require('../errors');

const { Type } = stub;

/** A record in standard mode: fields by name, and lines by sublist. */
class FakeRecord {
    constructor(values, sublists, onSave) {
        Object.assign(this, { values, sublists, onSave });
    }

    getValue({ fieldId }) {
        return this.values[fieldId] ?? '';
    }

    setValue({ fieldId, value }) {
        this.values[fieldId] = value;
        return this;
    }

    getLineCount({ sublistId }) {
        return this.sublists[sublistId] ? this.sublists[sublistId].length : -1;
    }

    getSublistValue({ sublistId, fieldId, line }) {
        const value = this.at(sublistId, line)[fieldId];
        return typeof value === 'boolean' ? value : String(value ?? '');
    }

    setSublistValue({ sublistId, fieldId, line, value }) {
        this.at(sublistId, line)[fieldId] = value;
        return this;
    }

    at(sublistId, line) {
        if (line === null || line === undefined) {
            throw new SuiteScriptError('SSS_MISSING_REQD_ARGUMENT', 'Missing a required argument: line');
        }
        return this.sublists[sublistId][line];
    }

    save() {
        return this.onSave(this);
    }
}

/** The item receipt that NetSuite proposes: every receivable line, checked, with all that remains of it. */
function transform({ fromType, fromId, toType }) {
    return current().call('record.transform', 10, () => {
        const account = current();
        const order = account.orders.get(String(fromId));
        const isKnownPair = fromType === Type.PURCHASE_ORDER && toType === Type.ITEM_RECEIPT;
        if (!order || !isKnownPair || !['B', 'D', 'E'].includes(account.status(fromId))) {
            throw new SuiteScriptError('INVALID_INITIALIZE_REF', `You can not initialize itemreceipt: invalid reference ${fromId}.`);
        }
        const item = account.receivable(fromId).map(({ line, remaining, needsDetail }) => ({
            orderline: line, itemreceive: true, quantity: remaining, remaining, needsDetail,
        }));
        const expense = Array.from({ length: order.expenses }, () => ({ markreceived: true }));
        const sublists = order.expenses ? { item, expense } : { item };
        const { modified } = order;
        return new FakeRecord({}, sublists, (made) => current().call('receipt.save', 20, () => saveReceipt(made, order, modified)));
    });
}

function saveReceipt(made, order, modified) {
    const account = current();
    const chosen = made.sublists.item.filter(({ itemreceive, quantity }) => itemreceive && quantity > 0);
    const day = made.values.trandate;
    const [, name, message] = refusals(account, made, order, modified, chosen, day).find(([isRefused]) => isRefused) || [];
    if (name) {
        throw new SuiteScriptError(name, message);
    }
    return account.saveReceipt({
        orderId: order.id,
        externalId: made.values.externalid ?? null,
        memo: made.values.memo ?? '',
        tranDate: day ? dayText(day) : null,
        lines: chosen.map(({ orderline, quantity }) => ({ line: Number(orderline), quantity })),
        expenses: (made.sublists.expense || []).filter(({ markreceived }) => markreceived).length,
    });
}

function refusals(account, made, order, modified, chosen, day) {
    const { overage, closedUntil } = account.preferences;
    const { externalid } = made.values;
    const over = chosen.find(({ quantity, remaining }) => quantity > remaining);
    const date = day instanceof Date ? dayText(day) : '';
    const detail = chosen.find(({ needsDetail }) => needsDetail);
    return [
        [order.modified !== modified, 'RCRD_HAS_BEEN_CHANGED', 'Record has been changed'],
        [chosen.length === 0, 'USER_ERROR', 'You must enter at least one line item for this transaction.'],
        [chosen.some(({ quantity }) => typeof quantity !== 'number'), 'INVALID_FLD_VALUE', 'quantity'],
        [day !== undefined && !(day instanceof Date), 'INVALID_FLD_VALUE', 'trandate'],
        [closedUntil && date && date <= closedUntil, 'USER_ERROR', `The posting period of ${date} is closed.`],
        [over && !overage, 'USER_ERROR',
            `Line ${over && over.orderline}: the quantity is more than the ${over && over.remaining} that remain to be received.`],
        [detail, 'USER_ERROR', 'Please configure the inventory detail.'],
        [externalid && account.receipts.some(({ externalId }) => externalId === externalid), 'DUP_RCRD',
            `This record already exists: ${externalid}`],
    ];
}

function dayText(day) {
    return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

/** The lines that an item receipt received, checked, and those that it could receive, unchecked: nobody says that it hides them. */
function load({ type, id }) {
    return current().call('record.load', 10, () => {
        const receipt = type === Type.ITEM_RECEIPT && current().receipts.find((each) => each.id === String(id));
        if (!receipt) {
            throw new SuiteScriptError('RCRD_DSNT_EXIST', `${type} ${id}`);
        }
        const received = receipt.lines.map(({ line, quantity }) => ({ orderline: line, itemreceive: true, quantity }));
        const others = current().receivable(receipt.orderId)
            .filter(({ line }) => !receipt.lines.some((each) => each.line === line))
            .map(({ line, remaining }) => ({ orderline: line, itemreceive: false, quantity: remaining }));
        return new FakeRecord({}, { item: [...received, ...others] });
    });
}

/** Custom records only: item receipts cannot be created, only transformed. */
function create({ type }) {
    if (!type.startsWith('customrecord')) {
        throw new SuiteScriptError('UNSUPPORTED_OPERATION', type);
    }
    return current().call('record.create', 2, () => new FakeRecord({}, {}, (made) => current().call('custom.save', 4, () => {
        const { customRecords } = current();
        if (customRecords.some(({ externalid }) => externalid === made.values.externalid)) {
            throw new SuiteScriptError('DUP_RCRD', made.values.externalid);
        }
        const id = String(customRecords.length + 1);
        customRecords.push({ id, ...made.values });
        return Number(id);
    })));
}

function submitFields({ id, values }) {
    return current().call('record.submitFields', 2, () => {
        Object.assign(current().customRecords.find((each) => each.id === String(id)), values);
        return id;
    });
}

module.exports = { create, load, submitFields, transform, Type };
