const initSqlJs = require('sql.js');
const { current } = require('../account');
const { SuiteScriptError } = require('../errors');

const MOST_ROWS = 5000;
const TABLES = `
    CREATE TABLE transaction_ (id PRIMARY KEY, tranid, type, status);
    CREATE TABLE transactionline (transaction_, id, uniquekey, item, quantity, quantityshiprecv, units, isclosed, location,
        expectedreceiptdate, mainline, taxline);
    CREATE INDEX lines ON transactionline (transaction_);
    CREATE TABLE item (id PRIMARY KEY, itemid);
    CREATE TABLE unitstypeuom (internalid PRIMARY KEY, unitname, conversionrate);`;

let SQL;

/** Loads the SQL engine; once, before the first query. */
async function prepare() {
    SQL = SQL || await initSqlJs();
}

/** SuiteQL on a database that holds what the account holds; quantities in base units, as NetSuite tells them. */
function runSuiteQL({ query, params }) {
    return current().call('query.runSuiteQL', 10, () => {
        if (params.some((value) => typeof value === 'number' && !Number.isFinite(value))) {
            throw new SuiteScriptError('SSS_INVALID_TYPE_ARG', 'params');
        }
        const rows = rowsOf(database(current()), query, params);
        return { asMappedResults: () => rows.slice(0, MOST_ROWS) };
    });
}

function rowsOf(db, query, params) {
    const sql = query.replace(/BUILTIN\.CF/g, 'BUILTIN_CF').replace(/\btransaction\b/g, 'transaction_');
    const statement = db.prepare(sql);
    try {
        statement.bind(params);
        const rows = [];
        while (statement.step()) {
            rows.push(statement.getAsObject());
        }
        return rows;
    } finally {
        statement.free();
    }
}

const held = { db: null, account: null, version: -1 };

/** A database with what the account holds; filled anew when that has changed. */
function database(account) {
    held.db = held.db || newDatabase();
    if (held.account !== account || held.version !== account.version) {
        fill(held.db, account);
        Object.assign(held, { account, version: account.version });
    }
    return held.db;
}

function newDatabase() {
    const db = new SQL.Database();
    db.create_function('BUILTIN_CF', (letter) => `PurchOrd:${letter}`);
    db.create_function('NVL', (value, other) => value ?? other);
    db.create_function('TO_CHAR', (date, shape) => (shape === 'YYYY-MM-DD' ? date : 'unknown shape'));
    db.run(TABLES);
    return db;
}

function fill(db, account) {
    const units = new Map();
    db.run('BEGIN; DELETE FROM transaction_; DELETE FROM transactionline; DELETE FROM item; DELETE FROM unitstypeuom;');
    account.orders.forEach((order) => addOrder(db, account, order, units));
    units.forEach(({ unit, unitRate }, id) => db.run('INSERT INTO unitstypeuom VALUES (?, ?, ?)', [id, unit, unitRate]));
    db.run('COMMIT');
}

function addOrder(db, account, order, units) {
    const insert = `INSERT INTO transactionline VALUES (${Array(12).fill('?').join(', ')})`;
    db.run('INSERT INTO transaction_ VALUES (?, ?, ?, ?)', [Number(order.id), order.tranid, 'PurchOrd', account.status(order.id)]);
    db.run(insert, [Number(order.id), 0, null, null, null, null, null, 'F', order.location ?? null, null, 'T', 'F']);
    const received = account.received(order.id);
    order.lines.forEach((line) => {
        const item = `item of ${order.id}, ${line.line}`;
        const unitId = line.unit ? unitOf(units, line) : null;
        db.run('INSERT INTO item VALUES (?, ?)', [item, line.item]);
        db.run(insert, [
            Number(order.id), line.line, line.uniqueKey, item, line.quantity * line.unitRate, received[line.line] * line.unitRate, unitId,
            line.closed ? 'T' : 'F', line.location ?? null, line.expected ?? null, 'F', 'F',
        ]);
    });
}

function unitOf(units, { unit, unitRate }) {
    const found = [...units].find(([, each]) => each.unit === unit && each.unitRate === unitRate);
    const id = found ? found[0] : units.size + 1;
    units.set(id, { unit, unitRate });
    return id;
}

module.exports = { prepare, runSuiteQL };
