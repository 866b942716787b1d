/**
 * A NetSuite account: its purchase orders, item receipts and custom records, and the script that runs in it. The fake modules
 * work on the account that is current; a test makes a new one.
 */
const { ScriptEnd, SuiteScriptError } = require('./errors');
const { SftpServer } = require('./sftp_server');

const FIRST_RECEIPT = 991;
const CRASHES = new Set(['SSS_APP_SERVER_RESTART']);

class Account {
    constructor() {
        this.orders = new Map();
        this.receipts = [];
        this.customRecords = [];
        this.preferences = { overage: false, closedUntil: null, zone: 'America/Los_Angeles' };
        this.sftp = new SftpServer();
        this.parameters = {};
        this.logs = [];
        this.version = 0;
        this.calls = [];
        this.hooks = [];
        this.endAfter = Infinity;
        this.budget = null;
    }

    /** Adds a purchase order, by default approved and changed just now. */
    order(order) {
        const lines = order.lines.map((line, at) => ({
            line: 3 * at + 1, uniqueKey: 900000 + this.orders.size * 100 + at, unit: 'EA', unitRate: 1, location: '17', expected: null,
            closed: false, billed: 0, ...line,
        }));
        const id = String(order.id ?? 4410000 + this.orders.size + 1);
        this.orders.set(id, { tranid: `PO${id}`, approval: 'approved', modified: Date.now(), expenses: 0, ...order, id, lines });
        this.version += 1;
        return id;
    }

    /** Changes a purchase order, as somebody does on its page. */
    change(orderId, action) {
        const order = this.orders.get(String(orderId));
        action(order);
        order.modified = Date.now();
        this.version += 1;
    }

    /** Receives by hand: quantities by line id, in the lines' units. */
    receive(orderId, quantities, more = {}) {
        const lines = Object.entries(quantities).map(([line, quantity]) => ({ line: Number(line), quantity }));
        return this.saveReceipt({ orderId: String(orderId), externalId: null, memo: '', tranDate: null, lines, ...more });
    }

    /** Keeps an item receipt and returns its internal id. */
    saveReceipt(receipt) {
        const id = String(FIRST_RECEIPT + this.receipts.length);
        this.receipts.push({ id, ...receipt });
        this.change(receipt.orderId, () => {});
        return id;
    }

    /** What is received of each line, by line id. */
    received(orderId) {
        const found = {};
        this.orders.get(String(orderId)).lines.forEach(({ line }) => { found[line] = 0; });
        this.receipts.filter((receipt) => receipt.orderId === String(orderId)).forEach(({ lines }) => {
            lines.forEach(({ line, quantity }) => { found[line] += quantity; });
        });
        return found;
    }

    /** The lines of which goods may still be received, with what remains. */
    receivable(orderId) {
        const received = this.received(orderId);
        return this.orders.get(String(orderId)).lines
            .map((line) => ({ ...line, remaining: line.quantity - received[line.line] }))
            .filter((line) => !line.closed && line.remaining > 0);
    }

    /** The status letter, computed from the lines (netsuite.md 1). */
    status(orderId) {
        const order = this.orders.get(String(orderId));
        if (order.approval !== 'approved') {
            return { pending: 'A', rejected: 'C' }[order.approval];
        }
        if (order.lines.every(({ closed }) => closed)) {
            return 'H';
        }
        const received = this.received(orderId);
        const isBilled = order.lines.every(({ line, billed }) => billed >= received[line]);
        if (this.receivable(orderId).length === 0) {
            return isBilled ? 'G' : 'F';
        }
        return Object.values(received).some(Boolean) ? (isBilled ? 'D' : 'E') : 'B';
    }

    /** Begins a stage of a script: its units, and whatever ended before is over. */
    begin(units) {
        this.budget = { left: units };
        this.ended = null;
    }

    /**
     * One call of a script into NetSuite: every fake goes through here, so that units are counted and a test can end the
     * script after any call.
     */
    call(name, units, action) {
        this.alive();
        if (this.budget.left < units) {
            this.end('SSS_USAGE_LIMIT_EXCEEDED');
        }
        this.budget.left -= units;
        this.calls.push(name);
        this.hooks.filter((hook) => name === hook.name).forEach((hook) => hook.action());
        const result = action();
        if (this.calls.length === this.endAfter) {
            this.end('SSS_APP_SERVER_RESTART');
        }
        return result;
    }

    /** Does something just before each call of a name. */
    before(name, action) {
        this.hooks.push({ name, action });
    }

    /** Lets the next calls of a name fail. */
    fail(name, errorName, times = 1) {
        let left = times;
        this.before(name, () => {
            left -= 1;
            if (left >= 0) {
                throw new SuiteScriptError(errorName, `${name} fails`);
            }
        });
    }

    alive() {
        if (this.ended) {
            throw new ScriptEnd(this.ended);
        }
    }

    end(reason) {
        this.ended = reason;
        throw new ScriptEnd(reason);
    }

    /** Whether the server ended the script, so that nothing of the run goes on. */
    get hasCrashed() {
        return CRASHES.has(this.ended);
    }
}

const holder = { account: null };

/** Makes a new account and makes it the current one. */
function newAccount() {
    holder.account = new Account();
    return holder.account;
}

/** The account that the fake modules work on. */
function current() {
    return holder.account;
}

module.exports = { Account, newAccount, current };
