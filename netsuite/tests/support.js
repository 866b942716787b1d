/** What tests say in short words: folders, files, runs of the scripts. */
const exporter = require('SuiteScripts/Waybill/waybill_export');
const importer = require('SuiteScripts/Waybill/waybill_import');
const reconciler = require('SuiteScripts/Waybill/waybill_reconcile');
const { current } = require('../fakes/account');
const { run } = require('../fakes/map_reduce');

const FULFILLMENT = 'netsuite/purchaseorder/fulfillment';
const RECEIPT = 'netsuite/purchaseorder/receipt';
const RECONCILIATION = 'netsuite/purchaseorder/reconciliation';
const NOW = '2026-11-20T18:30:00Z';

/** The clock stands at a moment. */
function at(moment) {
    jest.useFakeTimers({ now: new Date(moment) });
}

/** The clock stands this many minutes later. */
function later(minutes) {
    at(new Date(Date.now() + minutes * 60000));
}

/** A purchase order of lines 1 (20 pieces) and 4 (12 pieces); or of the lines given. */
function order(fields = {}) {
    const lines = [{ item: 'SKU-1', quantity: 20 }, { item: 'SKU-2', quantity: 12 }];
    return current().order({ lines, ...fields });
}

/** A receipt for a file; quantities by line id, and `received_at` in the middle of a day unless told otherwise. */
function entry(orderId, receiptId, quantities, fields = {}) {
    const items = Object.entries(quantities).map(([line, quantity]) => ({ line_id: line, quantity }));
    return { order_id: orderId, receipt_id: receiptId, received_at: '2026-11-20T18:00:00Z', items, ...fields };
}

/** Puts a receipt file: a text as it is, anything else as JSON. */
function put(name, content) {
    current().sftp.put(`${RECEIPT}/${name}`, typeof content === 'string' ? content : JSON.stringify(content));
}

/** The answer to a receipt file. */
function ack(name) {
    return JSON.parse(current().sftp.text(`${RECEIPT}/ack/${name.replace(/\.json$/, '.ack.json')}`));
}

/** What the answer to a receipt file says of each receipt. */
function answers(name) {
    return ack(name).results.map(({ receipt_id: id, result }) => [id, result]);
}

/** The first item receipt shows by now: receipt A, the only one of its file, is found there, and is made no second time. */
function expectFound(name, id) {
    current().receipts[0].isHidden = false;
    later(15);
    expect(run(importer)).toEqual({ error: null });
    expect(answers(name)).toEqual([['A', 'already']]);
    expect(receipts(id)).toHaveLength(1);
}

/** What one good run of the importer, a minute later, answers to a file of these receipts. */
function imported(entries, name = 'WB-RCPT-20261120T181500Z-1.json') {
    later(1);
    put(name, entries);
    expect(run(importer)).toEqual({ error: null });
    return ack(name).results;
}

/** The rows of all files that the exporter has written, by column. */
function rows() {
    return files().flatMap((name) => rowsOf(current().sftp.text(`${FULFILLMENT}/${name}`)));
}

function rowsOf(text) {
    const [header, ...lines] = text.trimEnd().split('\n').slice(0, -1).map((line) => line.split(','));
    return lines.map((cells) => Object.fromEntries(header.map((name, place) => [name, cells[place]])));
}

/** The names of complete files of purchase orders. */
function files() {
    return current().sftp.names(FULFILLMENT).filter((name) => name.endsWith('.csv'));
}

/** The rows of the files of one good run of the exporter. */
function exported() {
    files().forEach((name) => current().sftp.files.delete(`${FULFILLMENT}/${name}`));
    expect(run(exporter)).toEqual({ error: null });
    return rows();
}

/** The external ids and lines of a purchase order's item receipts. */
function receipts(orderId) {
    return current().receipts.filter((receipt) => receipt.orderId === orderId)
        .map(({ externalId, lines }) => [externalId, Object.fromEntries(lines.map(({ line, quantity }) => [line, quantity]))]);
}

module.exports = {
    FULFILLMENT, RECEIPT, RECONCILIATION, NOW, at, later, order, entry, put, ack, answers, expectFound, imported, rows, files, exported,
    receipts, run, exporter, importer, reconciler,
};
